/**
 * `npm test`: the Solidity tests, then every node test, with one closing line over both. Paths as
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
const run: Record<Runner, (files: string[]) => Promise<Result[]>> = {
  solidity: runSolidityTests,
  node: runNodeTests,
}

const wanted = process.argv.slice(2).map((path) => path.replace(/\/$/, ''))
const isWanted = (file: string) =>
  wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`))
for (const path of wanted) statSync(path)

const results: Result[] = []
for (const runner of runners) {
  const files = globSync(patterns[runner]).filter(isWanted).sort()
  if (files.length === 0) continue
  const found = await run[runner](files)
  if (wanted.length === 0) writeResults(runner, found)
  console.log(`\n${runner}: ${summary(found)}`)
  results.push(...found)
}

console.log(summary(results))
process.exitCode = results.length > 0 && results.every((r) => r.outcome !== 'failed') ? 0 : 1
