import type { Clock } from '../protocol/clock.ts'
import { isEarnestError } from '../protocol/error.ts'
import { verifyTrust } from '../protocol/trust.ts'
import type { OracleClient } from './oracle.ts'

/** Buyers that are asked about at the same time, and kept in mind: strangers cost nothing to make. */
const AT_ONCE = 4
const KEPT = 1000
/** Seconds for which an answer about a buyer is good. */
const GOOD_FOR = 300

/**
 * What an oracle warns of about a buyer, in its own signed words (ORC-20); none for a buyer that it does not
 * know. Throws `oracle_unreachable` (retryable), `trust_unsigned`, `trust_mismatch`, `trust_stale`.
 * @example
 * const evaluate = async (pact: Pact) =>
 *   (await buyerWarnings(oracle, pact.buyer.did)).length > 0
 *     ? { acceptable: false, reasonCode: 'buyer_flagged', reason: 'We do not work for flagged buyers' }
 *     : evaluatePactTerms(pact, { policy, now: clock.now() })
 */
export async function buyerWarnings(oracle: OracleClient, did: string): Promise<string[]> {
  try {
    const answer = await oracle.call('getTrust', { params: { id: did }, query: { role: 'buyer' } })
    const { keyOf, clock } = oracle
    verifyTrust(answer, { agent: did, oracle: oracle.did, now: clock.now(), keyOf })
    return answer.flags.map(({ reason }) => reason)
  } catch (error) {
    if (isEarnestError(error, 'agent_unknown')) return []
    throw error
  }
}

/** Looks up buyers beside a negotiation, which never waits for it; each buyer once in a while. */
export function createBuyerWatch({
  oracle,
  clock,
  onWarning,
}: {
  oracle: OracleClient
  clock: Clock
  onWarning(warning: { buyer: string; pactId: string; reasons: string[] }): void
}): (proposal: { buyer: string; pactId: string }) => void {
  const known = new Map<string, { until: number; reasons: string[] }>()
  let asking = 0
  return ({ buyer, pactId }) => {
    const kept = known.get(buyer)
    if (kept !== undefined && clock.now() < kept.until) {
      if (kept.reasons.length > 0) onWarning({ buyer, pactId, reasons: kept.reasons })
      return
    }
    if (asking >= AT_ONCE) return
    asking++
    void buyerWarnings(oracle, buyer)
      .then((reasons) => {
        if (known.size >= KEPT) known.clear()
        known.set(buyer, { until: clock.now() + GOOD_FOR, reasons })
        if (reasons.length > 0) onWarning({ buyer, pactId, reasons })
      })
      // A word of caution that cannot be had holds up no trade.
      .catch(() => {})
      .finally(() => {
        asking--
      })
  }
}
