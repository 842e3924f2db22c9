import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What the model checker answered. */
export interface Proofs {
  /** Assertions about the split of a payout, and how many hold for every number. */
  claims: number
  proved: number
  /** Assertions that are false, and how many the checker found to be. */
  fallacies: number
  refuted: number
}

/** A minute or two on a machine of its own. */
const PATIENCE_MS = 900_000

/** Runs the model checker in a process with a limit. Throws where it reaches no answer in time. */
export function prove(): Proofs {
  const checker = fileURLToPath(new URL('./checker.ts', import.meta.url))
  const answer = execFileSync(process.execPath, [checker], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(answer) as Proofs
}
