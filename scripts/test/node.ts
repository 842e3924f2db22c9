import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { compileCache } from '../local/process.ts'
import type { Result } from '../results.ts'

type Ended = {
  name: string
  file?: string | undefined
  skip?: string | boolean | undefined
  todo?: string | boolean | undefined
  details: { type?: string | undefined; error?: { failureType?: string } }
}

/** A guard against a file that never ends; no test is judged by its time. */
const HANGS_AFTER = 600_000

/** Runs the node tests, each file in a process of its own, and shows them as the spec reporter does. */
export async function runNodeTests(files: string[]): Promise<Result[]> {
  const results: Result[] = []
  const add = (ended: Ended, outcome: Result['outcome']) =>
    results.push({
      file: ended.file ? relative('', ended.file) : '',
      title: ended.name,
      outcome,
    })
  // Every file is a process, and most of them load the same thousand modules.
  process.env.NODE_COMPILE_CACHE ??= compileCache
  // One more than there are cores: a test that goes through real processes waits more than it works.
  const concurrency = availableParallelism() + 1
  const tests = run({ files, concurrency, timeout: HANGS_AFTER })
  tests.on('test:pass', (ended: Ended) => {
    if (ended.details.type === 'suite') return
    // A file that defines no test is reported as a test of its own name; it proves nothing.
    if (ended.name === ended.file || relative('', ended.file ?? '') === ended.name)
      return add({ ...ended, name: `${ended.name} defines no test` }, 'failed')
    add(ended, ended.skip || ended.todo ? 'skipped' : 'passed')
  })
  tests.on('test:fail', (ended: Ended) => {
    // A suite that fails for its tests alone would count them twice.
    if (ended.details.error?.failureType === 'subtestsFailed') return
    add(ended, 'failed')
  })
  const shown = tests.compose(spec)
  for await (const chunk of shown) process.stdout.write(chunk)
  return results
}
