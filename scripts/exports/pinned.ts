import { readFileSync } from 'node:fs'

/** Where the exports of every entry point are recorded. */
export const pinned = 'test/house/exports.json'

/** The recorded exports, by entry point. */
export function readPinned(): Record<string, string[]> {
  return JSON.parse(readFileSync(pinned, 'utf8')) as Record<string, string[]>
}
