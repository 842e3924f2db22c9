import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { hardhat } from '../hardhat.ts'
import type { Outcome, Trial } from './tests.ts'

export interface Bench {
  /** What the tests said, or `hung` where they took longer than `patience` milliseconds. */
  run(trial: Trial, patience: number): Promise<Outcome | 'hung'>
  close(): void
}

/**
 * A child process that runs Solidity tests, replaced where one hangs. Everything is compiled before.
 *
 * @param artifacts Folder of the contracts to test; without it, what Hardhat built of the sources.
 */
export function openBench(artifacts?: string): Bench {
  execFileSync(process.execPath, [hardhat, 'build'], { stdio: ['ignore', 'ignore', 'inherit'] })
  let child: ChildProcess | undefined
  const start = () =>
    fork(new URL('./tests.ts', import.meta.url), artifacts ? [artifacts] : [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  return {
    run(trial, patience) {
      child ??= start()
      const worker = child
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          end()
          worker.kill('SIGKILL')
          child = undefined
          resolve('hung')
        }, patience)
        worker.once('message', (outcome: Outcome) => {
          end()
          resolve(outcome)
        })
        worker.once('exit', (code) => {
          end()
          child = undefined
          reject(new Error(`the test process ended with ${code}`))
        })
        worker.send(trial)

        function end(): void {
          clearTimeout(timer)
          worker.removeAllListeners()
        }
      })
    },
    close() {
      child?.removeAllListeners()
      child?.kill()
    },
  }
}
