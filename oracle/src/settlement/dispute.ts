import {
  type DisputeRecord,
  decode,
  EarnestError,
  fromBytes32,
  isTerminal,
  redactVerdict,
  signedClaimSchema,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import type { Db } from '../store/store.ts'
import { findCase, readClaims, readDispute } from './case.ts'

/**
 * A dispute as anybody may see it: who filed what when, by hash; the words are for the parties and
 * for whom their pact lets read (DRV-18).
 * @throws escrow_unknown, dispute_unknown
 */
export async function disputeRecord(db: Db, escrowId: string): Promise<DisputeRecord> {
  const found = await findCase(db, escrowId)
  const { state, recourse } = found
  const row = await readDispute(db, escrowId, state.round)
  if (!row) throw new EarnestError('dispute_unknown', 'This round is not disputed')
  const claims = await readClaims(db, escrowId, state.round)
  const evidence = await db
    .selectFrom('evidence')
    .select(['sha256', 'submitted_by', 'at', 'verified'])
    .where('escrow_id', '=', escrowId)
    .where('round', '=', state.round)
    .orderBy('at')
    .orderBy('sha256')
    .execute()
  const until = recourse
    ? recourse.state === 'claimed' && recourse.end
    : !isTerminal(state.state) && state.timerEnd
  const ending = recourse ? recourse.ending : state.ending
  const decided = ending?.how === 'ruled' || ending?.how === 'concluded'
  const recordHash = recourse ? recourse.ending?.recordHash : state.recordHash
  return {
    escrowId: state.id,
    pactId: found.pactId,
    round: state.round,
    state: state.state,
    tier: null,
    claims: claims.map((one) => ({
      by: one.disputed_by,
      reason: decode(signedClaimSchema, JSON.parse(one.claim), 'invalid_claim').body.reason,
      claimHash: one.claim_hash,
      filedAt: one.filed_at,
    })),
    defence:
      row.defence_hash === null
        ? null
        : {
            by: found.seller,
            defenceHash: row.defence_hash,
            filedAt: row.defended_at ?? row.opened_at,
          },
    evidence: evidence.map((one) => ({
      sha256: one.sha256,
      submittedBy: one.submitted_by,
      at: one.at,
      verified: one.verified,
    })),
    evidenceUntil: until || null,
    packageHash: row.package_hash,
    sellerBps: decided ? ending.sellerBps : null,
    recordHash: recordHash ? fromBytes32(recordHash) : null,
  }
}

/**
 * The record by which the latest verdict can be recomputed; prompts and answers, which quote the
 * parties' papers, stand in it by their hashes (DSP-24, DRV-18).
 * @throws record_unknown
 */
export async function verdictRecord(db: Db, escrowId: string): Promise<VerdictRecord> {
  const row = await db
    .selectFrom('verdict')
    .select('record')
    .where('escrow_id', '=', escrowId)
    .orderBy('round', 'desc')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw new EarnestError('record_unknown', 'No verdict was reached')
  return redactVerdict(decode(verdictRecordSchema, JSON.parse(row.record), 'invalid_verdict'))
}
