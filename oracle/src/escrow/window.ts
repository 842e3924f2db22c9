import { ladderOf } from './ladder.ts'
import type { Recourse } from './recourse.ts'
import type { EscrowState } from './state.ts'
import { dueTimer, type TimerVerb } from './timer.ts'

/** A running window: whose act it waits for, and what anyone may do when it has run out. */
export type Window = {
  start: number
  end: number
  awaited: readonly ('buyer' | 'seller')[]
  /** `free`: the bond; `hear`: the arbiter decides by what was handed in. */
  atEnd: TimerVerb | 'free' | 'hear'
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

/** The part of an arbiter's first rung that the parties have for evidence after the case arrived. */
const EVIDENCE_SHARE = 4

/** Unix seconds until which a case that arrived at `start` is not decided, so that both sides can be heard. */
export function evidenceEnd(state: EscrowState, start: number): number {
  const limit = ladderOf(state)?.juryLimit || state.clauses.arbitrationWindow
  return start + Math.floor(limit / EVIDENCE_SHARE)
}

/** The window of a release at once: its buyer may still claim, or its seller may answer the claim. */
export function recourseWindow(
  state: EscrowState,
  { state: stands, end, claimedAt }: Recourse,
): Window | undefined {
  if (stands === 'reserved') {
    return { start: state.deliveredAt ?? end, end, awaited: ['buyer'], atEnd: 'free' }
  }
  if (stands !== 'claimed' || claimedAt === null) return undefined
  const heard = evidenceEnd(state, claimedAt)
  return { start: claimedAt, end: heard, awaited: ['seller'], atEnd: 'hear' }
}

/** Unix seconds of the first reminder after `after`; null where none is left. */
export function nextReminder(window: Window | undefined, after: number): number | null {
  if (!window || window.end - window.start < REMINDED_FROM) return null
  return REMINDERS.map(({ of }) => reminderAt(window, of)).find((at) => at > after) ?? null
}

/** The last reminder that is due at `now`; undefined before the first. */
export function dueReminder(window: Window | undefined, now: number) {
  if (!window || now >= window.end) return undefined
  const due = REMINDERS.findLast(({ of }) => reminderAt(window, of) <= now)
  return due && { part: due.part, window }
}

function reminderAt({ start, end }: Window, of: number): number {
  return start + Math.ceil((end - start) * of)
}
