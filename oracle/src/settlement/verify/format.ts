import type { Verifier } from '@earnest/sdk/protocol'
import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type'
import type { Delivery } from './delivery.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import { isReadableText, structureChecks } from './structure.ts'

/** The demanded file, or every file of the demanded type, is whole and is what it says (SET-06, ATK-03). */
export async function verifyFormat(
  verifier: Omit<Extract<Verifier, { type: 'format' }>, 'type'>,
  delivery: Delivery,
): Promise<Finding> {
  const { mime, file, minBytes = 1, maxBytes = Number.POSITIVE_INFINITY } = verifier
  const named = delivery.files.filter((each) => each.mime === mime)
  const chosen = file === undefined ? named : named.filter(({ name }) => name === file)
  if (chosen.length === 0) return failed('file_missing', [file ?? mime])
  const wrong: Record<string, string[]> = {}
  for (const { name, size } of chosen) {
    const code =
      size < minBytes
        ? 'file_too_small'
        : size > maxBytes
          ? 'file_too_large'
          : await faultOf(mime, await delivery.bytes(name))
    if (code === 'format_unknown') return undecided(code)
    if (code !== undefined) wrong[code] = [...(wrong[code] ?? []), name]
  }
  const [first] = Object.entries(wrong)
  return first === undefined ? met() : failed(first[0], Object.values(wrong).flat())
}

/** Why bytes are no whole file of this type; undefined where nothing is wrong. */
async function faultOf(mime: string, bytes: Uint8Array | undefined): Promise<string | undefined> {
  if (bytes === undefined) return 'corrupt_file'
  if (bytes.length > 8 && bytes.every((byte) => byte === bytes[0])) return 'empty_content'
  const check = structureChecks[mime]
  if (check !== undefined) return check(bytes) ? undefined : 'wrong_format'
  if (mime.startsWith('text/')) return isReadableText(bytes) ? undefined : 'wrong_format'
  if (mime === 'application/octet-stream') return undefined
  if (!supportedMimeTypes.has(mime)) return 'format_unknown'
  const found = await fileTypeFromBuffer(bytes)
  return found?.mime === mime ? undefined : 'wrong_format'
}
