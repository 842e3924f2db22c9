import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { hardhat } from '../hardhat.ts'
import type { Result } from '../results.ts'

/** Runs Hardhat's Solidity tests, shows each line of their output, and reads the outcomes from it. */
export async function runSolidityTests(
  files: string[],
  show: (line: string) => void,
): Promise<Result[]> {
  const child = spawn(process.execPath, [hardhat, 'test', 'solidity', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  const results: Result[] = []
  let file = ''
  for await (const line of createInterface({ input: child.stdout })) {
    show(line)
    const suite = /^ {2}(\S+\.sol):\w+$/.exec(line)
    const test = /^ {4}(✔|\d+\)|-) (\w+)\(/.exec(line)
    if (suite?.[1]) file = suite[1]
    if (test?.[1] && test[2]) results.push({ file, title: test[2], outcome: outcomeOf(test[1]) })
  }
  const code = await closed
  const failed = results.some((r) => r.outcome === 'failed')
  // A compiler error or a crash prints no failing test of its own.
  if (code !== 0 && !failed)
    results.push({ file: 'hardhat', title: `hardhat exited with ${code}`, outcome: 'failed' })
  return results
}

function outcomeOf(mark: string): Result['outcome'] {
  if (mark === '✔') return 'passed'
  return mark === '-' ? 'skipped' : 'failed'
}
