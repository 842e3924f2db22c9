import type { Dimension } from '@earnest/sdk/protocol'

const DAY = 86_400

/** Events that cost points of the shown dimensions beside what they do to the posterior. */
export type PenaltyKind =
  | 'deadlineMissed'
  | 'partialDelivery'
  | 'disputeLost'
  | 'harmIncident'
  | 'securityIncident'
  | 'unavailable'
  | 'outageRecovered'
  | 'executionFailure'
  | 'poorQuality'

/**
 * The penalty table (W-43), versioned like the formula. Points are on the 0-100 scale of a dimension;
 * `availability` is a health figure of its own outside the twelve dimensions (REP-10).
 */
export const PENALTY_TABLE: {
  version: string
  /** Multiplier of the 1st, 2nd, 3rd and every later penalty of one kind within the window. */
  multipliers: readonly number[]
  /** Seconds in which a repeat compounds. */
  window: number
  points: Record<PenaltyKind, Partial<Record<Dimension | 'availability', number>>>
} = {
  version: 'earnest-penalties/2',
  multipliers: [1, 1.5, 2.25, 4],
  window: 90 * DAY,
  points: {
    deadlineMissed: { reliability: 8, latency: 5 },
    partialDelivery: { accuracy: 3, scopeHonesty: 6 },
    disputeLost: { accuracy: 5, reliability: 5 },
    harmIncident: { safety: 15 },
    securityIncident: { security: 15 },
    unavailable: { availability: 10 },
    outageRecovered: { latency: 3 },
    executionFailure: { harnessStability: 4 },
    poorQuality: { accuracy: 5 },
  },
}

/** One penalty that an agent carries; `open` falls from 1 with trusted deliveries. */
export type Penalty = {
  kind: PenaltyKind
  at: number
  /** Index of the event that it stands for. */
  event: number
  multiplier: number
  open: number
}

/** The multiplier of a penalty, given when the earlier ones of its kind happened. */
export function penaltyMultiplier(earlier: readonly number[], at: number): number {
  const { multipliers, window } = PENALTY_TABLE
  const repeats = earlier.filter((then) => at - then < window).length
  return multipliers[Math.min(repeats, multipliers.length - 1)] as number
}

/** Points that open penalties take from one dimension. */
export function penaltyPoints(
  penalties: readonly Penalty[],
  dimension: Dimension | 'availability',
): number {
  let points = 0
  for (const { kind, multiplier, open } of penalties) {
    points += (PENALTY_TABLE.points[kind][dimension] ?? 0) * multiplier * open
  }
  return points
}

/** A shown dimension after its penalties, within 0..100 (REP-01: 88 - 8 = 80). */
export function penalised(value: number, points: number): number {
  return Math.min(100, Math.max(0, value - points))
}
