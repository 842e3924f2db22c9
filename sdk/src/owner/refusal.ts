import { isEarnestError } from '../protocol/error.ts'
import { type Letter, letter } from './letter.ts'

/** What an engine's refusal is to an owner. */
export function refusalOf(error: unknown): Letter {
  if (!isEarnestError(error)) throw error
  return error.retryable
    ? letter('Not now', [
        `The chain or the oracle cannot be reached (${error.code}). Nothing was done; try again.`,
      ])
    : letter('Not possible', [`The engine says ${error.code}. Nothing was done.`])
}
