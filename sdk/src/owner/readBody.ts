import { readBounded } from '../protocol/readBounded.ts'

/** Bytes of one call of a messenger. */
const LIMIT = 1_000_000

/** The bytes of a messenger's call and the JSON in them; undefined where it is too large or none. */
export async function readBody(
  request: Request,
): Promise<{ bytes: Uint8Array; json: unknown } | undefined> {
  try {
    const bytes = await readBounded(request, LIMIT)
    return { bytes, json: JSON.parse(new TextDecoder().decode(bytes)) }
  } catch {
    return undefined
  }
}

/** The fields of a form; none where it is too large. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const bytes = await readBounded(request, LIMIT).catch(() => new Uint8Array())
  return new URLSearchParams(new TextDecoder().decode(bytes))
}
