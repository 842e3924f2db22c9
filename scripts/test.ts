/**
 * `npm test`: the Solidity tests and every node test at the same time, with one closing line over both:
 * the compiler takes one core for a minute, and node tests wait more than they work. Paths as
 * arguments (`npm test -- test/house test/contracts/fund.t.sol`) run those alone and keep no results.
 */
import { globSync, statSync } from 'node:fs'
import { type Result, type Runner, runners, summary, writeResults } from './results.ts'
import { runNodeTests } from './test/node.ts'
import { runSolidityTests } from './test/solidity.ts'

const patterns: Record<Runner, string> = {
  solidity: 'test/contracts/**/*.t.sol',
  node: 'test/**/*.test.ts',
}
const run: Record<Runner, (files: string[], show: (line: string) => void) => Promise<Result[]>> = {
  solidity: runSolidityTests,
  node: runNodeTests,
}

const wanted = process.argv.slice(2).map((path) => path.replace(/\/$/, ''))
const isWanted = (file: string) =>
  wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`))
for (const path of wanted) statSync(path)

const suites = runners
  .map((runner) => ({ runner, files: globSync(patterns[runner]).filter(isWanted).sort() }))
  .filter(({ files }) => files.length > 0)
// Both need the contracts, and two builds at once lose Hardhat's cache to each other.
if (suites.length > 1) await (await import('./local/deploy.ts')).build()
const later: string[] = []
const show = suites.length > 1 ? (line: string) => later.push(line) : console.log
const found = await Promise.all(
  suites.map(async ({ runner, files }) => ({ runner, results: await run[runner](files, show) })),
)
if (later.length > 0) console.log(later.join('\n'))
for (const { runner, results } of found) {
  if (wanted.length === 0) writeResults(runner, results)
  console.log(`\n${runner}: ${summary(results)}`)
}

const results = found.flatMap((each) => each.results)
console.log(summary(results))
process.exitCode = results.length > 0 && results.every((r) => r.outcome !== 'failed') ? 0 : 1
