import { EarnestError } from '@earnest/sdk/protocol'
import type { Context as Http } from 'hono'
import type { Slots } from './slots.ts'

/**
 * Reads a body into memory, within its own limit and within what all bodies together may take.
 * @throws too_large as soon as the limit is passed, or said to be; too_many_at_once, overloaded
 */
export async function readBody(
  http: Http,
  { limit, slots, client }: { limit: number; slots: Slots; client: string },
): Promise<{ bytes: Uint8Array; release(): void }> {
  assertLength(http, limit)
  const parts: Uint8Array[] = []
  const held: { release(): void }[] = []
  const release = () => {
    for (const one of held) one.release()
  }
  let size = 0
  const stream = http.req.raw.body
  if (!stream) return { bytes: new Uint8Array(), release }
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      size += part.length
      if (size > limit) throw tooLarge(limit)
      held.push(slots.take(client, part.length))
      parts.push(part)
    }
  } catch (error) {
    release()
    throw error
  }
  return { bytes: Buffer.concat(parts), release }
}

/** @throws too_large when the headers already say so. */
export function assertLength(http: Http, limit: number): void {
  if (Number(http.req.header('content-length') ?? 0) > limit) throw tooLarge(limit)
}

function tooLarge(limit: number): EarnestError {
  return new EarnestError('too_large', `more than ${limit} bytes`, { details: { limit } })
}
