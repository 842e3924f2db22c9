import {
  EarnestError,
  type EventType,
  encode,
  type Notices,
  noticesBodySchema,
} from '@earnest/sdk/protocol'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { readCursor } from './cursor.ts'

/**
 * What of one escrow reached somebody, signed page by page, for the parties: proof of notice that
 * anyone can check without this oracle (UNS-02).
 * @throws escrow_unknown, signer_not_party, invalid_request for a cursor that this list never gave
 */
export async function listNotices(
  { db, signer, clock }: Context,
  {
    escrowId,
    by,
    limit = 50,
    cursor,
  }: {
    escrowId: `0x${string}`
    by: string
    limit?: number | undefined
    cursor?: string | undefined
  },
): Promise<Notices> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives it')
  const { buyer, seller } = lock.pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'Only for the parties')
  }
  const [eventId, webhookId] = readCursor(cursor)
  const rows = await db
    .selectFrom('notice')
    .innerJoin('event', 'event.id', 'notice.event_id')
    .select(['notice.event_id', 'notice.did', 'notice.channel', 'notice.address_hash'])
    .select('notice.webhook_id')
    .select(['notice.at', 'notice.answer', 'event.type'])
    .where('notice.escrow_id', '=', escrowId)
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple('notice.event_id', 'notice.webhook_id'), '>', tuple(eventId, webhookId)),
    )
    .orderBy('notice.event_id')
    .orderBy('notice.webhook_id')
    .limit(limit)
    .execute()
  const last = rows.length === limit ? rows.at(-1) : undefined
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
    cursor: last ? `${last.event_id}/${last.webhook_id}` : null,
    oracle: signer.did as Notices['oracle'],
    asOf: clock.now(),
  }
  const wire = encode(noticesBodySchema, body, 'invalid_notices')
  return { ...body, signature: signer.sign({ type: 'notice', body: wire }) }
}
