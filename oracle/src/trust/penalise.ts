import { PENALTY_TABLE, type PenaltyKind, penaltyMultiplier } from './penalty.ts'
import { openReview } from './review.ts'
import type { TrustState } from './state.ts'

/** Puts penalties on an agent; a repeat within the window counts more. */
export function penalise(
  state: TrustState,
  agent: number,
  row: number,
  kinds: readonly PenaltyKind[],
): void {
  if (kinds.length === 0) return
  const at = state.history.at[row] as number
  const carried = state.penalties.get(agent) ?? []
  state.penalties.set(agent, carried)
  for (const kind of kinds) {
    const earlier = carried.filter((penalty) => penalty.kind === kind).map((penalty) => penalty.at)
    const multiplier = penaltyMultiplier(earlier, at)
    carried.push({ kind, at, event: row, multiplier, open: 1 })
  }
}

/** Three missed deadlines within 90 days bring the bond tier up for review (REP-03). */
export function reviewDeadlines(state: TrustState, agent: number, now: number): void {
  if (missedDeadlines(state, agent, now) < 3) return
  const subject = state.agents[agent] as string
  openReview(state, { kind: 'bondTier', subject, reason: 'three_deadlines_missed', at: now })
}

/** Deadlines that an agent missed in the 90 days before `now`. */
export function missedDeadlines(state: TrustState, agent: number, now: number): number {
  return (state.penalties.get(agent) ?? []).filter(
    ({ kind, at, event }) =>
      kind === 'deadlineMissed' &&
      now - at <= PENALTY_TABLE.window &&
      state.history.excluded[event] === 0,
  ).length
}
