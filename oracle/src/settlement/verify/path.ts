import type { Verifier } from '@earnest/sdk/protocol'
import type { Document } from './document.ts'
import { type Finding, failed, met } from './finding.ts'
import { isEmpty, valueAt } from './pointer.ts'

/** Every path leads to something that is not empty; the report names those that do not (SET-07). */
export function examinePath(
  { file, paths }: Extract<Verifier, { type: 'path' }>,
  document: Document,
): Finding {
  const json = document.json()
  if (json === undefined) return failed('not_json', [file])
  const missing = paths.filter((path) => isEmpty(valueAt(json.value, path)?.value))
  return missing.length === 0 ? met() : failed('path_missing', missing)
}
