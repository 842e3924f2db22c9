import { EarnestError } from '@earnest/sdk/protocol'

/**
 * A cursor of two parts, a number and a word, by which a list goes on behind its last row; without
 * one a list begins before all rows.
 * @throws invalid_request
 */
export function readCursor(cursor: string | undefined): [number, string] {
  if (cursor === undefined) return [-1, '']
  const parts = /^(\d{1,15})\/([0-9a-f-]{1,64})$/.exec(cursor)
  if (!parts) throw new EarnestError('invalid_request', 'Not a cursor of this list')
  return [Number(parts[1]), String(parts[2])]
}
