import type { Hex } from 'viem'
import type { Entry } from '../../store/journal.ts'
import type { Tx } from '../../store/store.ts'
import { withdrawn } from '../../trust/quality.ts'

/**
 * A ruling on a round takes the place of what a spot check found there: nobody is marked twice for one
 * piece of work, nor for what a tribunal that heard both sides found good.
 */
export async function withdrawSpot(
  tx: Tx,
  { escrowId, round, at }: { escrowId: Hex; round: number; at: number },
): Promise<Entry[]> {
  const row = await tx
    .updateTable('spot_check')
    .set({ withdrawn: true })
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .where('poor', '=', true)
    .where('withdrawn', '=', false)
    .returning('seller_did')
    .executeTakeFirst()
  if (!row) return []
  return [
    {
      action: 'spot_withdrawn',
      subject: escrowId,
      at,
      key: `spot_withdrawn/${escrowId}/${round}`,
      data: { round },
      fact: withdrawn({ escrowId, round, seller: row.seller_did, at }, 'a ruling took its place'),
    },
  ]
}
