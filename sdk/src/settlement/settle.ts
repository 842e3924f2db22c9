import type { Verification } from './verify.ts'

/** What a buyer does with a delivery. */
export type SettleDecision = 'release' | 'wait' | 'dispute'

/** When a buyer pays early. */
export interface SettlePolicy {
  /** True: releases as soon as the oracle's PASS and the own checks agree; false: the review runs out. */
  releaseOnPass: boolean
  /** True: releases work that only people can judge when everything else is met. */
  releaseSubjective: boolean
  /** True: objects, and stakes one arbitration fee, where the oracle calls done what is not. */
  disputeContradictions: boolean
}

/** Pays early where everything agrees, objects where it does not, and leaves what is subjective to the review. */
export const defaultSettlePolicy: SettlePolicy = {
  releaseOnPass: true,
  releaseSubjective: false,
  disputeContradictions: true,
}

/**
 * Layer 5, the decision: pays only what both the oracle and the own recomputation call done; a
 * contradiction between them is for a dispute; everything else waits for its timer.
 */
export function settle(
  { report, isMet, disagreements }: Verification,
  policy: SettlePolicy = defaultSettlePolicy,
): SettleDecision {
  const objection = policy.disputeContradictions ? 'dispute' : 'wait'
  if (disagreements.length > 0) return objection
  if (!isMet) return report?.result === 'PASS' ? objection : 'wait'
  if (report?.result === 'PASS') return policy.releaseOnPass ? 'release' : 'wait'
  if (report?.result === 'UNDECIDED') return policy.releaseSubjective ? 'release' : 'wait'
  return 'wait'
}
