import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One test that ran: where it stands, its own title, and how it ended. */
export type Result = { file: string; title: string; outcome: 'passed' | 'failed' | 'skipped' }

/** The two runners whose results are kept apart, so that one can be repeated without the other. */
export const runners = ['solidity', 'node'] as const
export type Runner = (typeof runners)[number]

const path = (runner: Runner) => join('.earnest', 'tests', `${runner}.json`)

/** Keeps what the last full run of one runner gave, for the coverage of requirements. */
export function writeResults(runner: Runner, results: Result[]): void {
  mkdirSync(dirname(path(runner)), { recursive: true })
  writeFileSync(path(runner), `${JSON.stringify(results, null, 1)}\n`)
}

/** The last full run of one runner; undefined where none was made. */
export function readResults(runner: Runner): Result[] | undefined {
  if (!existsSync(path(runner))) return undefined
  return JSON.parse(readFileSync(path(runner), 'utf8')) as Result[]
}

/** The line that a test run ends with. */
export function summary(results: Result[]): string {
  const count = (outcome: Result['outcome']) => results.filter((r) => r.outcome === outcome).length
  const skipped = count('skipped')
  return `${count('passed')} passed, ${count('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`
}
