import type { ManifestFile, Verifier } from '@earnest/sdk/protocol'
import type { Delivery } from './delivery.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import type { Reader } from './reader.ts'

/** The demanded file, or every file of the demanded type, is whole and is what it says (SET-06, ATK-03). */
export async function verifyFormat(
  verifier: Omit<Extract<Verifier, { type: 'format' }>, 'type'>,
  { delivery, reader }: { delivery: Delivery; reader: Reader },
): Promise<Finding> {
  const { mime, file, minBytes = 1, maxBytes = Number.POSITIVE_INFINITY } = verifier
  const named = delivery.files.filter((each) => each.mime === mime)
  const chosen = file === undefined ? named : named.filter(({ name }) => name === file)
  if (chosen.length === 0) return failed('file_missing', [file ?? mime])
  const wrong: Record<string, string[]> = {}
  let open: Finding | undefined
  for (const one of chosen) {
    const { name, size } = one
    const fault =
      size < minBytes
        ? failed('file_too_small')
        : size > maxBytes
          ? failed('file_too_large')
          : await faultOf(one, delivery, reader)
    if (fault?.outcome === 'undecided') open ??= fault
    else if (fault) wrong[fault.code] = [...(wrong[fault.code] ?? []), name]
  }
  const [first] = Object.entries(wrong)
  if (first) return failed(first[0], Object.values(wrong).flat())
  return open ?? met()
}

/** Why a file is not whole or not of its type; undefined where nothing is wrong. */
async function faultOf(
  { name }: ManifestFile,
  delivery: Delivery,
  reader: Reader,
): Promise<Finding | undefined> {
  const survey = await delivery.survey(name)
  switch (survey) {
    case 'whole':
      return undefined
    case 'unread': {
      const finding = await reader.ask(name, { kind: 'json' })
      return finding.outcome === 'pass' ? undefined : finding
    }
    case 'format_unknown':
      return undecided('format_unknown')
    case 'corrupt':
      return failed('corrupt_file')
    default:
      return failed(survey)
  }
}
