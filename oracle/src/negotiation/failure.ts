import { EarnestError, type FailureCode } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { findPact } from './pact.ts'

/**
 * Notes that the seller could not do the work, and tells the buyer (SET-12). It moves no money: the
 * seller still refunds, or the deadline does.
 * @throws pact_unknown, pact_mismatch, signer_not_party
 */
export async function reportFailure(
  { db, signer, clock }: Context,
  {
    pactId,
    escrowId,
    code,
    reason,
    by,
  }: {
    pactId: string
    escrowId: string
    code: FailureCode
    reason: string
    by: string
  },
): Promise<number> {
  const found = await findPact(db, pactId)
  if (!found) throw new EarnestError('pact_unknown', 'No such pact')
  if (!found.escrowIds.some((id) => id === escrowId)) {
    throw new EarnestError('pact_mismatch', 'This pact does not derive that escrow')
  }
  const { buyer, seller } = found.signed.pact
  if (by !== seller.did) throw new EarnestError('signer_not_party', 'Only the seller can say so')
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('failure')
      .values({ pact_id: pactId, escrow_id: escrowId, did: by, code, reason, at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await append(tx, signer, [
      {
        action: 'execution_failed',
        subject: escrowId,
        at: now,
        key: `execution_failed/${escrowId}`,
        // The words are for the parties: see readPapers.
        data: { failureCode: code },
        tell: { type: 'execution_failed', agents: [buyer.did, seller.did], pactId, escrowId },
      },
    ])
  })
  return now
}
