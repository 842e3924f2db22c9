import type { BuyerContext } from './buyerContext.ts'
import { type Agent, readCard } from './discovery/discover.ts'
import type { Trade } from './journal.ts'
import type { Task } from './negotiation/draft.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import type { Pact } from './protocol/pact.ts'
import { trustResponseSchema } from './protocol/trust.ts'
import { type Assessment, assess } from './trust/assess.ts'
import { meetsTransactionTrustPolicy } from './trust/policy.ts'

type Question = Pick<Task, 'capability' | 'acceptance'> & { paymentUsdc: bigint }

/**
 * Asks every oracle about a seller for one task, and for a quote where the buyer would pay at once or review
 * for less long: only a quote advises to. Throws `trust_policy_not_met`, and as `assess`.
 */
export async function approve(
  { identity, oracles, trustPolicy, instantRelease, trustedPair }: BuyerContext,
  agent: Agent,
  { capability, paymentUsdc, acceptance }: Question,
): Promise<Assessment> {
  const task = { capability, paymentUsdc, acceptance }
  const question = { task, oracles, policy: trustPolicy }
  const isQuoted = instantRelease || trustedPair !== undefined
  const asked = isQuoted ? { ...question, buyer: identity.did, trustedPair } : question
  const assessment = await assess(agent, asked).catch((error) => {
    // Only registered buyers are quoted for; who is none keeps its review.
    if (isQuoted && isEarnestError(error, 'agent_unknown')) return assess(agent, question)
    throw error
  })
  if (!assessment.approved) throw notMet(assessment.reason)
  return assessment
}

/** The same for a trade that was begun, about the card that was proven then. */
export async function approveAgain(context: BuyerContext, trade: Trade): Promise<Assessment> {
  return await approve(context, await readCard(trade.card, context.reading), trade.draft)
}

/** A counter-proposal may have lifted the price above what this seller is trusted with. */
export function approvePrice(
  { trustPolicy }: BuyerContext,
  pact: Pact,
  { answers }: Assessment,
): void {
  for (const answer of answers) {
    const wire = encode(trustResponseSchema, answer, 'invalid_trust')
    const decision = meetsTransactionTrustPolicy(wire, pact, { policy: trustPolicy })
    if (!decision.approved) throw notMet(decision.reason)
  }
}

function notMet(reason: string): EarnestError {
  return new EarnestError('trust_policy_not_met', `Trust policy not met: ${reason}`, {
    details: { reason },
  })
}
