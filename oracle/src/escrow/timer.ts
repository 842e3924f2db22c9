import { isTerminal } from '@earnest/sdk/protocol'
import type { EscrowState } from './state.ts'

/** The verbs that anyone may call when a window has run out. */
export type TimerVerb = 'expire' | 'release' | 'escalate' | 'conclude'

/** What is due now, if anything: rights of a window end when `now >= timerEnd` (design.md section 3). */
export function dueTimer(state: EscrowState, now: number): TimerVerb | undefined {
  if (isTerminal(state.state) || now < state.timerEnd) return undefined
  switch (state.state) {
    case 'Funded':
      return 'expire'
    case 'Delivered':
      return state.result === 'PASS' ? 'release' : 'escalate'
    case 'Disputed':
    case 'Negotiating':
      return 'escalate'
    case 'Arbitration':
      return 'conclude'
    default:
      return undefined
  }
}
