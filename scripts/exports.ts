/**
 * `npm run exports`: fails when an entry point exports anything else than test/house/exports.json
 * says; `npm run exports -- --write` records what it exports now, for review in the diff.
 */
import { writeFileSync } from 'node:fs'
import { pinned, readPinned } from './exports/pinned.ts'
import { exportsOfEntries } from './exports/read.ts'

const found = exportsOfEntries()
if (process.argv.includes('--write')) writeFileSync(pinned, `${JSON.stringify(found, null, 2)}\n`)

const before = readPinned()
for (const entry of new Set([...Object.keys(before), ...Object.keys(found)])) {
  const was = before[entry] ?? []
  const now = found[entry] ?? []
  const added = now.filter((name) => !was.includes(name))
  const gone = was.filter((name) => !now.includes(name))
  if (added.length + gone.length > 0) process.exitCode = 1
  for (const name of added) console.log(`${entry} + ${name}`)
  for (const name of gone) console.log(`${entry} - ${name}`)
}
if (process.exitCode) console.log('meant? npm run exports -- --write')
