import {
  EarnestError,
  type EventType,
  encode,
  type Notices,
  noticesBodySchema,
} from '@earnest/sdk/protocol'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'

/**
 * Everything of one escrow that reached somebody, signed, for the parties: proof of notice that
 * anyone can check without this oracle (UNS-02).
 * @throws escrow_unknown, signer_not_party
 */
export async function listNotices(
  { db, signer, clock }: Context,
  { escrowId, by }: { escrowId: `0x${string}`; by: string },
): Promise<Notices> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives it')
  const { buyer, seller } = lock.pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'Only for the parties')
  }
  const rows = await db
    .selectFrom('notice')
    .innerJoin('event', 'event.id', 'notice.event_id')
    .select(['notice.event_id', 'notice.did', 'notice.channel', 'notice.address_hash'])
    .select(['notice.at', 'notice.answer', 'event.type'])
    .where('notice.escrow_id', '=', escrowId)
    .orderBy('notice.event_id')
    .orderBy('notice.webhook_id')
    .execute()
  const body = {
    escrowId,
    notices: rows.map((row) => ({
      eventId: row.event_id,
      type: row.type as EventType,
      to: row.did as Notices['oracle'],
      channel: row.channel as 'webhook' | 'email',
      addressHash: row.address_hash,
      deliveredAt: row.at,
      answer: row.answer,
    })),
    oracle: signer.did as Notices['oracle'],
    asOf: clock.now(),
  }
  const wire = encode(noticesBodySchema, body, 'invalid_notices')
  return { ...body, signature: signer.sign({ type: 'notice', body: wire }) }
}
