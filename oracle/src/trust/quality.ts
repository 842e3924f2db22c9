import type { Incident } from './event.ts'

/**
 * What a spot check by the jury does to a seller, versioned like the formula. It never adds to a score:
 * good work is what the buyer paid for, and luck in a draw is no merit.
 */
export const QUALITY_TABLE = {
  version: 'earnest-quality/1',
  /** Work that the jury finds worth less than this, in basis points, lowers its seller's accuracy. */
  poorBelowBps: 6_000,
} as const

/** True for work so poor that it is held against its seller. */
export function isPoor(qualityBps: number): boolean {
  return qualityBps < QUALITY_TABLE.poorBelowBps
}

/** A finding of poor work as the trust model takes it; one for each round, whoever says it again. */
export function poorWork({
  escrowId,
  round,
  seller,
  capability,
  at,
  qualityBps,
}: {
  escrowId: string
  round: number
  seller: string
  capability: string
  at: number
  qualityBps: number
}): Incident {
  return {
    kind: 'incident',
    incidentId: incidentIdOf(escrowId, round),
    agent: seller,
    at,
    class: 'quality',
    severity: 1 - qualityBps / 10_000,
    capability,
    reason: `spot check: worth ${qualityBps / 100} %`,
  }
}

/** Takes a finding back, because a ruling on the same round has taken its place. */
export function withdrawn(
  { escrowId, round, seller, at }: { escrowId: string; round: number; seller: string; at: number },
  reason: string,
): Incident {
  return {
    kind: 'incident',
    incidentId: incidentIdOf(escrowId, round),
    agent: seller,
    at,
    class: 'quality',
    severity: 0,
    reason,
  }
}

const incidentIdOf = (escrowId: string, round: number) => `spot/${escrowId}/${round}`
