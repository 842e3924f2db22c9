import type { AgentRecord } from '../protocol/agent.ts'
import type { TrustResponse } from '../protocol/trust.ts'
import { verifyTrust } from '../protocol/trust.ts'
import type { OracleClient } from './oracle.ts'

/** One registered agent with its signed record. */
export interface Candidate {
  record: AgentRecord
  trust: TrustResponse
}

/** What to look for. */
export interface SearchOptions {
  capability: string
  sort?: 'score' | 'price'
  /** At most this many; default 5 (DIS-18). */
  limit?: number
}

/**
 * Finds sellers of a capability with their records, each checked against the oracle's signature.
 * Throws as `getTrust`.
 */
export async function search(
  oracle: OracleClient,
  { capability, sort = 'score', limit = 5 }: SearchOptions,
): Promise<Candidate[]> {
  const { agents } = await oracle.call('searchAgents', { query: { capability, sort, limit } })
  const { did, keyOf, clock } = oracle
  return agents.map(({ trust, ...record }) => {
    verifyTrust(trust, { agent: record.did, oracle: did, now: clock.now(), keyOf })
    return { record, trust }
  })
}
