import * as z from 'zod'
import { canonicalText } from '../protocol/canonical.ts'
import { isEarnestError } from '../protocol/error.ts'
import { formatUsdc, usdc } from '../protocol/money.ts'
import { checkProposalTime, encodePact, type Pact } from '../protocol/pact.ts'
import { formatUtc, utc } from '../protocol/time.ts'

/** How far a buyer follows a seller, as JSON (PCT-18). */
export const buyerPolicySchema = z.strictObject({
  maxPaymentUsdc: usdc,
  /** Latest delivery; null: the proposed deadline stands. */
  latestDeadline: utc.nullable(),
  /** True: the seller may word the description anew; the criteria never change. */
  acceptScopeChange: z.boolean(),
})
export type BuyerPolicy = z.output<typeof buyerPolicySchema>

/** The buyer's opinion of a counter-proposal. */
export interface CounterEvaluation {
  acceptable: boolean
  /** Stable code; `acceptable` where it is. */
  reasonCode: string
  reason: string
}

/** What changes in every proposal, and what a seller may change; all else must be as it was. */
const FREE = new Set(['proposedBy', 'proposedTo', 'proposedAt', 'nonce', 'salt'])
const NEGOTIABLE = new Set(['paymentUsdc', 'deadlineUtc', 'taskDescription'])

/**
 * Weighs a counter-proposal against the buyer's policy: only price, deadline and description may differ;
 * parties, wallets, criteria, escrow and windows may not. Signatures are checked before.
 * @param now Unix seconds.
 */
export function evaluateCounter(options: {
  proposed: Pact
  amended: Pact
  policy: BuyerPolicy
  now: number
}): CounterEvaluation {
  const { proposed, amended, policy, now } = options
  const before = encodePact(proposed) as Record<string, unknown>
  const after = encodePact(amended) as Record<string, unknown>
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (FREE.has(field) || NEGOTIABLE.has(field)) continue
    if (canonicalText(before[field] ?? null) !== canonicalText(after[field] ?? null)) {
      return refuse('terms_changed', `The seller changed ${field}`)
    }
  }
  if (amended.proposedBy !== amended.seller.did || amended.proposedTo !== amended.buyer.did) {
    return refuse('proposer_mismatch', 'The counter-proposal is not from the seller to us')
  }
  if (amended.nonce === proposed.nonce) return refuse('nonce_reused', 'Other terms, same nonce')
  try {
    checkProposalTime({ pact: amended, now })
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return refuse(error.code, error.message)
  }
  if (amended.paymentUsdc > policy.maxPaymentUsdc) {
    const [got, most] = [amended.paymentUsdc, policy.maxPaymentUsdc].map(formatUsdc)
    return refuse('price_too_high', `You want ${got} USDC, we pay at most ${most}`)
  }
  const latest = policy.latestDeadline ?? proposed.deadlineUtc
  if (amended.deadlineUtc > latest) {
    const [got, last] = [amended.deadlineUtc, latest].map(formatUtc)
    return refuse('deadline_too_late', `You want until ${got}, we wait until ${last}`)
  }
  if (!policy.acceptScopeChange && amended.taskDescription !== proposed.taskDescription) {
    return refuse('scope_changed', 'The scope must stay as it was')
  }
  return { acceptable: true, reasonCode: 'acceptable', reason: 'The terms are fair' }
}

function refuse(reasonCode: string, reason: string): CounterEvaluation {
  return { acceptable: false, reasonCode, reason }
}
