import type { Harm, Incident } from './event.ts'

/**
 * When a claim of harm is upheld, versioned like the formula: the jury, where it was heard, found harm, and
 * whoever judged it last gave the seller less than this part of what the failed checks had left. An award that the checks alone explain upholds nothing, or
 * every buyer of work that falls short could call it harmful for free.
 */
export const HARM_TABLE = { version: 'earnest-harm/2', belowBps: 5_000 } as const

/** True where a tribunal took more than half of what the checks had left. */
export function isUpheld({ awardedBps, capBps }: { awardedBps: number; capBps: number }): boolean {
  return awardedBps * 10_000 < HARM_TABLE.belowBps * capBps
}

/** Harm that was upheld in a dispute, as the trust model takes it; one for each escrow. */
export function harmDone({
  escrowId,
  seller,
  at,
  harm,
  awardedBps,
}: {
  escrowId: string
  seller: string
  at: number
  harm: Harm
  awardedBps: number
}): Incident {
  const words = { harm: 'did harm', security: 'broke security' }[harm]
  return {
    kind: 'incident',
    incidentId: `dispute/${escrowId}`,
    agent: seller,
    at,
    class: harm,
    severity: 1 - awardedBps / 10_000,
    reason: `a delivery that ${words}, upheld: worth ${awardedBps / 100} %`,
  }
}
