import type { Agent } from '../discovery/discover.ts'
import { capability } from '../protocol/agent.ts'
import type { Criterion } from '../protocol/criterion.ts'
import { encode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import type { Quote } from '../protocol/quote.ts'
import { type TrustResponse, trustResponseSchema, verifyTrust } from '../protocol/trust.ts'
import type { OracleClient } from './oracle.ts'
import {
  defaultTrustPolicy,
  meetsTransactionTrustPolicy,
  type TrustDecision,
  type TrustPolicy,
} from './policy.ts'
import { verifyQuote } from './verifyQuote.ts'

/** An agent, what the oracles say of it, and whether this task may go to it. */
export interface Assessment extends TrustDecision {
  agent: Agent
  /** One signed answer per oracle that was asked; empty for an agent without a trust id. */
  answers: readonly TrustResponse[]
  /** The risk of this buyer with this seller at this amount, where a buyer was named. */
  quote: Quote | undefined
  /** Claims of the card that the first oracle contradicts (DIS-14); never a reason to trust. */
  warnings: readonly { code: 'card_oracle_mismatch'; field: 'verified' | 'bondTier' }[]
  /** False for an agent that nobody has rated: then nothing is released at once (W-29). */
  instantRelease: boolean
}

/** What to assess for. */
export interface AssessOptions {
  task: { capability: string; paymentUsdc: bigint; acceptance?: readonly Criterion[] }
  /** The buyer's own list; every oracle on it must approve (W-11, W-39). */
  oracles: readonly OracleClient[]
  policy?: TrustPolicy
  /** DID of the buyer, to ask the first oracle for a quote as well. */
  buyer?: string
  /** Fulfilled trades of the two from which on that quote may ask for less (POL-10). */
  trustedPair?: number | undefined
}

/**
 * Layer 2: asks each oracle of the buyer's list for a freshly signed answer (ORC-15) and holds it
 * against the buyer's policy. A refusal is a result, not an error.
 * Throws `no_oracle`, `oracle_unreachable` (retryable), `trust_unsigned`, `trust_mismatch`, `trust_stale`.
 */
export async function assess(agent: Agent, options: AssessOptions): Promise<Assessment> {
  const { task, oracles, policy = defaultTrustPolicy, buyer, trustedPair } = options
  const { did } = agent
  const base = { agent, quote: undefined, warnings: [], instantRelease: false }
  if (did === null) {
    const reason = 'Card has no armaloTrustId: the agent is not registered'
    return { ...base, answers: [], approved: false, reason }
  }
  if (oracles.length === 0) throw new EarnestError('no_oracle', 'No oracle to ask')
  if (!agent.capabilities.includes(task.capability)) {
    // Only what a pact could name: the rest of a card is a stranger's text.
    const offers = agent.capabilities.filter((id) => capability.safeParse(id).success).slice(0, 10)
    const reason = `Card does not offer capability: ${task.capability}; it offers: ${offers.join(', ')}`
    return { ...base, answers: [], approved: false, reason }
  }

  const answers: TrustResponse[] = []
  let decision: TrustDecision | undefined
  for (const oracle of oracles) {
    const answer = await getTrust(oracle, did)
    answers.push(answer)
    const wire = encode(trustResponseSchema, answer, 'invalid_trust')
    const own = meetsTransactionTrustPolicy(wire, task, { policy })
    if (decision === undefined || !own.approved) decision = own
    if (!own.approved) break
  }
  const [first] = answers
  const [oracle] = oracles
  if (decision === undefined || first === undefined || oracle === undefined) {
    throw new EarnestError('no_oracle', 'No oracle to ask')
  }
  const warnings = contradictions(agent, first)
  let quote: Quote | undefined
  if (buyer !== undefined && decision.approved) {
    const { paymentUsdc: amount } = task
    const query = { buyer, seller: did, capability: task.capability, amount, trustedPair }
    quote = await oracle.call('getQuote', { query })
    verifyQuote(quote, { buyer, seller: did, amount, oracle: oracle.did, now: oracle.clock.now() })
    if (!quote.acceptable) {
      decision = {
        approved: false,
        reason: `Quote speaks against it: ${quote.warnings.join(', ') || 'above the limit'}`,
      }
    }
  }
  const instantRelease = first.status === 'rated' && quote?.instantRelease === true
  return { ...decision, agent, answers, quote, warnings, instantRelease }
}

/**
 * The record of an agent, asked with a fresh nonce and checked. Takes a DID or its part after
 * "did:key:" (API-01). Throws what the oracle answers, `trust_unsigned`, `trust_mismatch`, `trust_stale`.
 */
export async function getTrust(
  oracle: OracleClient,
  id: string,
  query: { capability?: string; role?: 'seller' | 'buyer' } = {},
): Promise<TrustResponse> {
  const did = id.startsWith('did:') ? id : `did:key:${id}`
  const nonce = crypto.randomUUID()
  const answer = await oracle.call('getTrust', { params: { id: did }, query: { ...query, nonce } })
  const { keyOf, clock } = oracle
  verifyTrust(answer, { agent: did, oracle: oracle.did, now: clock.now(), nonce, keyOf })
  return answer
}

function contradictions({ claims }: Agent, answer: TrustResponse): Assessment['warnings'] {
  const isVerified = !['none', 'provisional'].includes(answer.certificationLevel)
  const warnings: Assessment['warnings'][number][] = []
  if (claims.verified !== undefined && claims.verified !== isVerified) {
    warnings.push({ code: 'card_oracle_mismatch', field: 'verified' })
  }
  if (claims.bondTier !== undefined && claims.bondTier !== answer.bondTier) {
    warnings.push({ code: 'card_oracle_mismatch', field: 'bondTier' })
  }
  return warnings
}
