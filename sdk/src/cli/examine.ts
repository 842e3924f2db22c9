import { discover } from '../discovery/discover.ts'
import type { Clock } from '../protocol/clock.ts'
import { isEarnestError } from '../protocol/error.ts'
import { verifyTrust } from '../protocol/trust.ts'
import type { OracleClient } from '../trust/oracle.ts'
import { type ReadinessCheck, trustReadiness } from '../trust/readiness.ts'

/** An agent's readiness to be trusted: each check, and its remedy where it does not hold. */
export async function examine(
  oracle: OracleClient,
  { id, clock }: { id: string; clock: Clock },
): Promise<ReadinessCheck[]> {
  const record = await oracle.call('getAgent', { params: { did: id } })
  const answer = await oracle.call('getTrust', {
    params: { id },
    query: { nonce: crypto.randomUUID() },
  })
  verifyTrust(answer, { agent: id, oracle: oracle.did, now: answer.asOf })
  const cardDid = await cardDidOf(record.endpoint, clock)
  return trustReadiness({ record, answer, cardDid, now: answer.asOf })
}

/** An endpoint that does not answer is a finding, not a fault of the examination. */
async function cardDidOf(endpoint: string, clock: Clock): Promise<string | null> {
  for (const place of [endpoint, new URL(endpoint).origin]) {
    try {
      return (await discover(place, { clock })).did
    } catch (error) {
      if (!isEarnestError(error)) throw error
    }
  }
  return null
}
