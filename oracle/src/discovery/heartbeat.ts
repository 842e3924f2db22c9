import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { closeOutages, openOutages } from './outage.ts'

/**
 * Notes a heartbeat; one that ends a silence is told to whom the silence was told.
 * @throws agent_unknown, signer_not_agent
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
    if (row.silent) await append(tx, signer, await closeOutages(tx, { did, now }))
  })
  return now
}

/**
 * Tells the buyers of funded, undelivered work whose seller fell silent, once for each silence
 * (REP-08).
 * @param hearingSince Unix seconds from which on this oracle could hear without a break.
 * @returns how many buyers were told.
 */
export async function watchHeartbeats(
  { db, signer, clock }: Context,
  hearingSince: number,
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const entries = await openOutages(tx, { now: clock.now(), hearingSince })
    return append(tx, signer, entries)
  })
}
