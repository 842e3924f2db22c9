import {
  decode,
  EarnestError,
  failureCodeOf,
  fromBytes32,
  manifestSchema,
  type Papers,
  reportSchema,
  signedClaimSchema,
  signedDefenceSchema,
} from '@earnest/sdk/protocol'
import { getAddress } from 'viem'
import { readEscrow } from '../escrow/fold.ts'
import { readRecourse } from '../escrow/recourse.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Db } from '../store/store.ts'
import { readClaims, readDispute } from './case.ts'
import { readCompletion } from './completion.ts'
import { decisionsOf } from './moderation/decide.ts'
import { spotRecord } from './spot/read.ts'

/**
 * The words behind the public hashes of one round, for its parties: manifest and report of the
 * delivery, also of one that is not on chain yet, claims, defence and evidence.
 * @throws escrow_unknown, signer_not_party
 */
export async function readPapers(
  db: Db,
  { escrowId, round, by }: { escrowId: `0x${string}`; round: number | undefined; by: string },
): Promise<Papers> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  const { buyer, seller } = lock.pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'The papers are for the parties')
  }
  const state = await readEscrow(db, escrowId)
  const n = round ?? Math.max(1, state?.round ?? 0)
  const decision = await decisionOf(db, { state, round: n })
  const completion = await readCompletion(db, escrowId, n)
  const spotCheck = await spotRecord(db, { escrowId, round: n })
  const dispute = await readDispute(db, escrowId, n)
  const claims = await readClaims(db, escrowId, n)
  const evidence = await db
    .selectFrom('evidence')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', n)
    .orderBy('at')
    .orderBy('sha256')
    .execute()
  const failure = await db
    .selectFrom('failure')
    .select(['code', 'reason', 'at'])
    .where('escrow_id', '=', escrowId)
    .executeTakeFirst()
  const pact = await db
    .selectFrom('pact')
    .select(['cancelled_at', 'cancel_reason'])
    .where('pact_id', '=', lock.pactId)
    .executeTakeFirst()
  const cancelledAt = pact?.cancelled_at ?? null
  return {
    escrowId,
    pactId: lock.pactId,
    round: n,
    manifest: completion
      ? decode(manifestSchema, JSON.parse(completion.manifest), 'invalid_manifest')
      : null,
    report: completion?.report
      ? decode(reportSchema, JSON.parse(completion.report), 'invalid_report')
      : null,
    claims: claims.map((row) => decode(signedClaimSchema, JSON.parse(row.claim), 'invalid_claim')),
    defence: dispute?.defence
      ? decode(signedDefenceSchema, JSON.parse(dispute.defence), 'invalid_defence')
      : null,
    failure: failure
      ? {
          failureCode: failureCodeOf(failure.code),
          failureReason: failure.reason,
          reportedAt: failure.at,
        }
      : null,
    cancellation: cancelledAt === null ? null : { reason: pact?.cancel_reason ?? '', cancelledAt },
    ...(decision && { decision }),
    ...(spotCheck && { spotCheck }),
    evidence: evidence.map((row) => ({
      ...(JSON.parse(row.content) as Pick<Papers['evidence'][number], 'type' | 'content'>),
      sha256: row.sha256,
      submittedBy: row.submitted_by,
      at: row.at,
      verified: row.verified,
    })),
  }
}

/** The moderators' decision that the chain carried out; one that is not carried out is nobody's yet. */
async function decisionOf(
  db: Db,
  { state, round }: { state: EscrowState | undefined; round: number },
): Promise<Papers['decision']> {
  if (!state) return undefined
  const recordHash = (await readRecourse(db, state.id))?.ending?.recordHash ?? state.recordHash
  if (!recordHash) return undefined
  const rows = await decisionsOf(db, state.id, round)
  const carried = rows.filter((row) => row.record_hash === fromBytes32(recordHash))
  const [first] = carried
  return (
    first && {
      sellerBps: first.seller_bps,
      reason: first.reason,
      recordHash: first.record_hash,
      moderators: carried.map(({ moderator }) => getAddress(moderator)),
      decidedAt: first.decided_at,
    }
  )
}
