import type { Dimension } from '@earnest/sdk/protocol'
import type { Harm, SettledEscrow } from './event.ts'

/** How well a trade went in each dimension that it bears on, 0..1. */
export type Marks = Partial<Record<Dimension, number>>

/**
 * What one settled escrow says about the dimensions other than reliability and bond. Without facts
 * it says nothing: a dimension that was not measured stays unmeasured.
 */
export function marksOf({ ending, sellerBps, dispute, facts }: SettledEscrow): Marks | null {
  if (!facts) return null
  const marks: Marks = unharmed(facts.upheld)
  const awarded = dispute?.awardedBps ?? null
  if (awarded !== null) marks.accuracy = awarded / 10_000
  else if (facts.passed !== undefined) marks.accuracy = facts.passed
  if (facts.selfAudit !== undefined && facts.passed !== undefined) {
    marks.selfAudit = 1 - Math.abs(facts.selfAudit - facts.passed)
  }
  const latency = latencyOf(ending, facts)
  if (latency !== undefined) marks.latency = latency
  const scope = scopeOf(ending, sellerBps, facts)
  if (scope !== undefined) marks.scopeHonesty = scope
  return { ...marks, ...priceOf(facts), ...runOf(facts) }
}

/** A trade speaks for its seller's safety and security, but for what was upheld against it. */
function unharmed(upheld: Harm | undefined): Marks {
  return { ...(upheld !== 'harm' && { safety: 1 }), ...(upheld !== 'security' && { security: 1 }) }
}

type Facts = NonNullable<SettledEscrow['facts']>

/** 1 up to nine tenths of the time allowed, one half at the deadline, 0 if it was missed. */
function latencyOf(ending: SettledEscrow['ending'], facts: Facts): number | undefined {
  if (ending === 'expired') return 0
  const { fundedAt, deliveredAt, deliverBy } = facts
  if (fundedAt === undefined || deliveredAt === undefined || deliverBy === undefined) return
  const used = (deliveredAt - fundedAt) / Math.max(1, deliverBy - fundedAt)
  if (used > 1) return 0
  return used <= 0.9 ? 1 : 1 - (0.5 * (used - 0.9)) / 0.1
}

/** An honest decline is full scope honesty; a partial delivery is worth what passed. */
function scopeOf(
  ending: SettledEscrow['ending'],
  sellerBps: number,
  facts: Facts,
): number | undefined {
  if (facts.partial) return facts.passed ?? sellerBps / 10_000
  if (ending === 'refunded' && facts.deliveredAt === undefined) return 1
  return facts.passed
}

/** The lower of list and median price over the price that was agreed. */
function priceOf({ listPrice, medianPrice, agreedPrice }: Facts): Marks {
  if (agreedPrice === undefined || agreedPrice === 0n) return {}
  const known = [listPrice, medianPrice].filter((price) => price !== undefined).map(Number)
  if (known.length === 0) return {}
  return { costEfficiency: Math.min(1, Math.min(...known) / Number(agreedPrice)) }
}

function runOf(facts: Facts): Marks {
  const marks: Marks = {}
  if (facts.modelAsAgreed !== undefined) marks.modelCompliance = facts.modelAsAgreed ? 1 : 0
  if (facts.runtimeAsAgreed !== undefined) marks.runtimeCompliance = facts.runtimeAsAgreed ? 1 : 0
  if (facts.executionFailures !== undefined || facts.redeliveries !== undefined) {
    marks.harnessStability = 1 / (1 + (facts.executionFailures ?? 0) + (facts.redeliveries ?? 0))
  }
  return marks
}
