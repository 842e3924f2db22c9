import {
  type Claim,
  canonicalText,
  claimSchema,
  type DisputeRecord,
  EarnestError,
  encode,
  fromBytes32,
  hashClaim,
  signedClaimSchema,
  verifyBody,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { assertParty, type Case, findCase, openDispute, readClaims, type Signed } from './case.ts'
import { disputeRecord } from './dispute.ts'
import { judgeEvidence, keepEvidence } from './evidence.ts'

/**
 * Files a claim: the paper whose hash the party disputes with on chain, or claims with against the bond of
 * a seller that was paid at once. Only a party, only while the window of a delivery runs; each side files
 * one in a round, so that nobody keeps the other's paper out by being first (DSP-01 to DSP-03).
 * @throws escrow_unknown, pact_mismatch, signer_not_party, invalid_claim_signature, wrong_state,
 * wrong_round, review_window_over, dispute_exists, too_much_evidence
 */
export async function fileClaim(
  context: Context,
  { claim, by }: { claim: Signed<Claim>; by: string },
): Promise<DisputeRecord> {
  const { db, signer, clock } = context
  const { body, signature } = claim
  const { escrowId, round } = body
  const found = await findCase(db, escrowId, body.pactId)
  assertParty(found, body.disputedBy, by)
  const now = clock.now()
  const wire = encode(claimSchema, body, 'invalid_claim')
  const keyOf = await resolveKeys(db, [by])
  const publicKey = keyOf(by, now)
  if (!verifyBody({ type: 'claim', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_claim_signature', 'Not signed by the disputer')
  }
  const claimHash = hashClaim(body)
  const { state } = found
  const own = (await readClaims(db, escrowId, round)).find((row) => row.disputed_by === by)
  if (own?.claim_hash === claimHash) return disputeRecord(db, escrowId)
  if (round !== state.round) {
    throw new EarnestError('wrong_round', `The escrow is in round ${state.round}`)
  }
  assertOpen(found, { by, claimHash, now })

  const evidence = await judgeEvidence(db, found, body.evidence)
  await db.transaction().execute(async (tx) => {
    await openDispute(tx, { escrow_id: escrowId, round, opened_at: now })
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('claim')
      .values({
        escrow_id: escrowId,
        round,
        disputed_by: by,
        claim: canonicalText(encode(signedClaimSchema, { body, signature }, 'invalid_claim')),
        claim_hash: claimHash,
        filed_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) {
      throw new EarnestError('dispute_exists', 'This side has a claim in this round')
    }
    await keepEvidence(tx, { found, by, evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'claim_filed',
        subject: escrowId,
        at: now,
        data: { by, round, reason: body.reason, claimHash },
      },
    ])
  })
  return disputeRecord(db, escrowId)
}

/** A paper whose hash is on chain is never too late. */
function assertOpen(
  { state, recourse, buyer }: Case,
  { by, claimHash, now }: { by: string; claimHash: string; now: number },
): void {
  const onChain = recourse ? recourse.claimHash : state.claimHash
  if (onChain !== null && fromBytes32(onChain) === claimHash) return
  if (recourse && by !== buyer) {
    throw new EarnestError('signer_not_party', 'Only the buyer claims against a bond')
  }
  if (recourse && recourse.state !== 'reserved') {
    throw new EarnestError('wrong_state', `The reservation is ${recourse.state}`)
  }
  if (!recourse && state.state !== 'Delivered' && state.state !== 'Arbitration') {
    throw new EarnestError('wrong_state', `The escrow is ${state.state}`)
  }
  if (now >= (recourse?.end ?? state.timerEnd)) {
    throw new EarnestError('review_window_over', 'The window for a dispute has run out')
  }
}
