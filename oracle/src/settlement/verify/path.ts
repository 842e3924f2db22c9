import type { Verifier } from '@earnest/sdk/protocol'
import type { Delivery } from './delivery.ts'
import { type Finding, failed, met } from './finding.ts'
import { isEmpty, valueAt } from './pointer.ts'

/** Every path leads to something that is not empty; the report names those that do not (SET-07). */
export async function verifyPath(
  verifier: Extract<Verifier, { type: 'path' }>,
  delivery: Delivery,
): Promise<Finding> {
  const { file, paths } = verifier
  if (delivery.file(file) === undefined) return failed('file_missing', [file])
  const document = await delivery.json(file)
  if (document === undefined) return failed('not_json', [file])
  const missing = paths.filter((path) => isEmpty(valueAt(document.value, path)?.value))
  return missing.length === 0 ? met() : failed('path_missing', missing)
}
