import type { Verifier } from '@earnest/sdk/protocol'
import { type Document, jsonOf } from './document.ts'
import { type Finding, failed, met } from './finding.ts'
import { findEmpty, valueAt } from './pointer.ts'

/** Every path leads to something that is not empty; the report names those that do not (SET-07). */
export function examinePath(
  { paths }: Extract<Verifier, { type: 'path' }>,
  document: Document,
): Finding {
  const json = jsonOf(document)
  if ('outcome' in json) return json
  const isEmpty = findEmpty()
  const missing = paths.filter((path) => isEmpty(valueAt(json.value, path)?.value))
  return missing.length === 0 ? met() : failed('path_missing', missing)
}
