import { isEarnestError } from '../protocol/error.ts'
import type { Alert } from './alert.ts'
import { type Letter, letter } from './letter.ts'

/** What an engine's refusal is to an owner; with the alert it can be ordered again, also by a link. */
export function refusalOf(error: unknown, alert?: Pick<Alert, 'id' | 'letter'>): Letter {
  if (!isEarnestError(error)) throw error
  return error.retryable
    ? letter(
        'Not now',
        [`The chain or the oracle cannot be reached (${error.code}). Nothing was done; try again.`],
        alert && { alertId: alert.id, commands: alert.letter.commands },
      )
    : letter('Not possible', [`The engine says ${error.code}. Nothing was done.`])
}
