import {
  canonicalText,
  type Defence,
  type DisputeRecord,
  defenceSchema,
  EarnestError,
  encode,
  hashDefence,
  signedDefenceSchema,
  verifyBody,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import { tellOf } from '../escrow/fold.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { findCase, readDispute, type Signed } from './case.ts'
import { disputeRecord } from './dispute.ts'
import { judgeEvidence, keepEvidence } from './evidence.ts'

/**
 * Files the seller's answer, whose hash defends on chain; one in a round. The vault knows no answer: to a
 * claim against a bond this paper is all there is.
 * @throws escrow_unknown, signer_not_party, dispute_unknown, dispute_over, defence_exists,
 * invalid_defence_signature, too_much_evidence
 */
export async function fileDefence(
  context: Context,
  { escrowId, defence, by }: { escrowId: string; defence: Signed<Defence>; by: string },
): Promise<DisputeRecord> {
  const { db, signer, clock } = context
  const { body, signature } = defence
  const found = await findCase(db, escrowId, body.pactId)
  if (body.escrowId !== escrowId || body.defendedBy !== by || by !== found.seller) {
    throw new EarnestError('signer_not_party', 'Only the seller defends')
  }
  const now = clock.now()
  const wire = encode(defenceSchema, body, 'invalid_defence')
  const keyOf = await resolveKeys(db, [by])
  if (!verifyBody({ type: 'defence', body: wire, signature, publicKey: keyOf(by, now) })) {
    throw new EarnestError('invalid_defence_signature', 'Not signed by the seller')
  }
  const { round } = found.state
  const before = await readDispute(db, escrowId, round)
  if (!before) throw new EarnestError('dispute_unknown', 'This round is not disputed')
  const defenceHash = hashDefence(body)
  if (before.defence_hash === defenceHash) return disputeRecord(db, escrowId)
  const { recourse } = found
  if (recourse?.state === 'reserved') {
    throw new EarnestError('dispute_unknown', 'Nothing is claimed against the bond')
  }
  if (recourse && (recourse.ending || now >= recourse.end)) {
    throw new EarnestError('dispute_over', `The reservation is ${recourse.state}`)
  }
  const evidence = await judgeEvidence(db, found, body.evidence)
  await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('dispute')
      .set({
        defence: canonicalText(encode(signedDefenceSchema, { body, signature }, 'invalid_defence')),
        defence_hash: defenceHash,
        defended_at: now,
      })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .where('defence', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) throw new EarnestError('defence_exists', 'This round has an answer')
    await keepEvidence(tx, { found, by, evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'defence_filed',
        subject: escrowId,
        at: now,
        data: { by, round, defenceHash },
        // Else the chain says so.
        ...(recourse && { tell: tellOf('defended', escrowId, found) }),
      },
    ])
  })
  return disputeRecord(db, escrowId)
}
