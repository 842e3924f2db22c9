import type { SettledEscrow } from './event.ts'
import type { PenaltyKind } from './penalty.ts'

/** How badly a trade went for the buyer, 0..1: the part that a full success would have paid. */
export function severityOf({ ending, sellerBps, facts }: SettledEscrow): number {
  if (ending === 'completed') return 0
  if (ending === 'expired') return 1
  // Giving the money back before any work began is a trade that failed, but not one that harmed.
  if (ending === 'refunded') return facts && facts.deliveredAt === undefined ? 0.5 : 1
  return severityOfSplit(sellerBps)
}

/** A dispute that brings its buyer less than a tenth was no failure of the seller's (W-16). */
export function severityOfSplit(sellerBps: number): number {
  return sellerBps > 9_000 ? 0 : 1 - sellerBps / 10_000
}

/** Disputes count by the part that the seller was awarded, and little against a likely crook. */
export function habitMoveOf(
  { dispute, ending }: SettledEscrow,
  failure: number,
): { undisputed: number; disputed: number } {
  if (dispute?.by === 'buyer') {
    const awarded = dispute.awardedBps
    const disputed = awarded === null ? 1 : ((1 - failure) * awarded) / 10_000
    return { undisputed: 0, disputed }
  }
  return { undisputed: ending === 'completed' || ending === 'resolved' ? 1 : 0, disputed: 0 }
}

/** The penalties that one escrow brings its seller. */
export function penaltiesOf({ ending, dispute, facts }: SettledEscrow): PenaltyKind[] {
  const kinds: PenaltyKind[] = []
  if (ending === 'expired') kinds.push('deadlineMissed')
  if (facts?.partial) kinds.push('partialDelivery')
  if (dispute && dispute.awardedBps !== null && dispute.awardedBps < 9_000 && !facts?.partial) {
    kinds.push('disputeLost')
  }
  if (facts?.outage) kinds.push(facts.outage === 'lasting' ? 'unavailable' : 'outageRecovered')
  if (facts?.executionFailures) kinds.push('executionFailure')
  return kinds
}
