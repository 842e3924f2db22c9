import type { EscrowState } from './state.ts'
import { dueTimer, type TimerVerb } from './timer.ts'

/** A running window: whose act it waits for, and what anyone may do when it has run out. */
export type Window = {
  start: number
  end: number
  awaited: readonly ('buyer' | 'seller')[]
  atEnd: TimerVerb
}

/** Windows shorter than this, in seconds, are over before a reminder is read. */
const REMINDED_FROM = 3600

/** When who is awaited is reminded: at half of a window and at nine tenths of it (UNS-04). */
export const REMINDERS = [
  { part: 'half', of: 0.5 },
  { part: 'nine_tenths', of: 0.9 },
] as const

/** The window that runs; undefined where nobody is waited for, or the arbiter only. */
export function windowOf(state: EscrowState): Window | undefined {
  const { clauses, timerEnd: end } = state
  const atEnd = dueTimer(state, end)
  if (!atEnd) return undefined
  const lasting = (seconds: number, awaited: Window['awaited']) => ({
    start: end - seconds,
    end,
    awaited,
    atEnd,
  })
  switch (state.state) {
    case 'Funded':
      return { start: state.fundedAt, end, awaited: ['seller'], atEnd }
    case 'Delivered':
      return lasting(clauses.reviewWindow || clauses.responseWindow, ['buyer'])
    case 'Disputed':
      return lasting(clauses.responseWindow, ['seller'])
    case 'Negotiating':
      return lasting(clauses.negotiationWindow, ['buyer', 'seller'])
    default:
      return undefined
  }
}

/** Unix seconds of the first reminder after `after`; null where none is left. */
export function nextReminder(state: EscrowState, after: number): number | null {
  const window = windowOf(state)
  if (!window || window.end - window.start < REMINDED_FROM) return null
  return REMINDERS.map(({ of }) => reminderAt(window, of)).find((at) => at > after) ?? null
}

/** The last reminder that is due at `now`; undefined before the first. */
export function dueReminder(state: EscrowState, now: number) {
  const window = windowOf(state)
  if (!window || now >= window.end) return undefined
  const due = REMINDERS.findLast(({ of }) => reminderAt(window, of) <= now)
  return due && { part: due.part, window }
}

function reminderAt({ start, end }: Window, of: number): number {
  return start + Math.ceil((end - start) * of)
}
