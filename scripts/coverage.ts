/**
 * `npm run coverage:requirements`: which rows of docs/requirements.md are named in the title of a
 * test that ran and passed in the last full `npm test`. Titles name rows as `[ESC-03]`, Solidity
 * test functions as `_ESC_03` or `_W_4b`.
 */
import { readFileSync } from 'node:fs'
import { rowsNamedIn, rowsOf } from './coverage/rows.ts'
import { readResults, runners } from './results.ts'

const rows = rowsOf(readFileSync('docs/requirements.md', 'utf8'))
const results = runners.flatMap((runner) => {
  const found = readResults(runner)
  if (!found) console.log(`no results of the ${runner} tests: run npm test first`)
  return found ?? []
})
const named = new Set(
  results.filter((r) => r.outcome === 'passed').flatMap((r) => rowsNamedIn(r.title)),
)

const unknown = [...named].filter((id) => !rows.includes(id)).sort()
if (unknown.length > 0) console.log(`named, but no such row: ${unknown.join(' ')}`)

report(
  rows.filter((id) => id.startsWith('W-')),
  'resolved contradictions: ',
)
report(
  rows.filter((id) => !id.startsWith('W-')),
  '',
)
process.exitCode = unknown.length > 0 ? 1 : 0

function report(ids: string[], label: string): void {
  const missing = ids.filter((id) => !named.has(id))
  if (missing.length > 0) console.log(`${label}missing: ${missing.join(' ')}`)
  console.log(`${label}${ids.length - missing.length} covered, ${missing.length} missing`)
}
