import { type EscrowState, isTerminal } from './state.ts'

/** The verbs that anyone may call when a window has run out. */
export type TimerVerb = 'expire' | 'release' | 'escalate' | 'conclude'

/** What is due now, if anything: rights of a window end when `now >= timerEnd` (design.md section 3). */
export function dueTimer(state: EscrowState, now: number): TimerVerb | undefined {
  if (isTerminal(state.state) || now < state.timerEnd) return undefined
  switch (state.state) {
    case 'funded':
      return 'expire'
    case 'delivered':
      return state.result === 'pass' ? 'release' : 'escalate'
    case 'disputed':
    case 'negotiating':
      return 'escalate'
    case 'arbitration':
      return 'conclude'
    default:
      return undefined
  }
}
