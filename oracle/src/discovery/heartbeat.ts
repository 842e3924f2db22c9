import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append, type Entry } from '../store/journal.ts'

/** Seconds without a heartbeat after which the buyers that wait are told (REP-08). */
export const SILENCE = 900

/**
 * Notes a heartbeat; one that ends a silence is told to whom the silence was told.
 * @throws agent_unknown
 */
export async function takeHeartbeat(
  { db, signer, clock }: Context,
  { did, by }: { did: string; by: string },
): Promise<number> {
  if (by !== did) throw new EarnestError('signer_not_agent', 'An agent speaks for itself')
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('agent')
      .select('silent')
      .where('did', '=', did)
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw new EarnestError('agent_unknown', 'No such agent')
    await tx
      .updateTable('agent')
      .set({ heartbeat_at: now, silent: false })
      .where('did', '=', did)
      .execute()
    if (!row.silent) return
    await append(tx, signer, [
      {
        action: 'seller_recovered',
        subject: did,
        at: now,
        data: { heartbeatAt: now },
        tell: { type: 'seller_recovered', agents: [did] },
      },
    ])
  })
  return now
}

/**
 * Tells the buyers of funded, undelivered work whose seller fell silent, once for each silence
 * (REP-08). A seller that never sent a heartbeat makes no such promise.
 * @returns how many sellers fell silent.
 */
export async function watchHeartbeats({ db, signer, clock }: Context): Promise<number> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom('agent')
      .innerJoin('pact', 'pact.seller_did', 'agent.did')
      .innerJoin('lock', 'lock.pact_id', 'pact.pact_id')
      .innerJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
      .select([
        'agent.did',
        'agent.heartbeat_at',
        'pact.pact_id',
        'pact.buyer_did',
        'lock.escrow_id',
      ])
      .where('agent.silent', '=', false)
      .where('agent.heartbeat_at', '<', now - SILENCE)
      .where('escrow.state', '=', 'Funded')
      .limit(100)
      .execute()
    if (rows.length === 0) return 0
    const silent = [...new Set(rows.map((row) => row.did))]
    await tx.updateTable('agent').set({ silent: true }).where('did', 'in', silent).execute()
    const entries = rows.map(
      (row): Entry => ({
        action: 'seller_unreachable',
        subject: row.did,
        at: now,
        key: `seller_unreachable/${row.escrow_id}/${row.heartbeat_at}`,
        data: {
          availability: 'unreachable',
          lastHeartbeatAt: row.heartbeat_at,
          message: 'seller agent appears unreachable',
        },
        tell: {
          type: 'seller_unreachable',
          agents: [row.did, row.buyer_did],
          pactId: row.pact_id,
          escrowId: row.escrow_id,
        },
      }),
    )
    await append(tx, signer, entries)
    return silent.length
  })
}
