import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { findPact } from './pact.ts'

/**
 * Takes an offer back before anybody funded it: the seller's one way out of "pending"; the buyer leaves
 * it by not funding (TRZ-01, W-33). The same again changes nothing. A lock that comes all the same is
 * the seller's to refund.
 * @throws pact_unknown, signer_not_party, already_funded
 */
export async function cancelPact(
  { db, signer, clock }: Context,
  { pactId, reason, by }: { pactId: string; reason: string; by: string },
): Promise<void> {
  const found = await findPact(db, pactId)
  if (!found) throw new EarnestError('pact_unknown', 'No such pact')
  const { buyer, seller } = found.signed.pact
  if (by !== seller.did) throw new EarnestError('signer_not_party', 'Only the seller cancels')
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    const locked = await tx
      .selectFrom('escrow')
      .select('escrow_id')
      .where('escrow_id', 'in', found.escrowIds)
      .where('state', '!=', 'None')
      .executeTakeFirst()
    if (locked) throw new EarnestError('already_funded', 'Money is locked for this pact')
    const { numUpdatedRows } = await tx
      .updateTable('pact')
      .set({ cancelled_at: now, cancel_reason: reason })
      .where('pact_id', '=', pactId)
      .where('cancelled_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    await append(tx, signer, [
      {
        action: 'pact_cancelled',
        subject: pactId,
        at: now,
        // The words are for the parties: see readPapers.
        data: {},
        tell: { type: 'pact_cancelled', agents: [buyer.did, seller.did], pactId },
      },
    ])
  })
}
