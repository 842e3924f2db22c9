import { EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Db } from '../store/store.ts'

/** Seconds after which the turn of a process that died is another's. */
const TURN = 20

/**
 * Does the check of a completion while nobody else does it, in this process or another: what a test
 * run finds may change between two looks, and only one is to count. The turn is renewed for as long
 * as the check takes.
 * @throws verification_pending (retryable) while another has the turn.
 */
export async function inCheckTurn<T>(
  db: Db,
  { escrowId, round }: { escrowId: string; round: number },
  work: () => Promise<T>,
): Promise<T> {
  const token = crypto.randomUUID()
  const until = sql<Date>`clock_timestamp() + make_interval(secs => ${TURN})`
  const row = () =>
    db.updateTable('completion').where('escrow_id', '=', escrowId).where('round', '=', round)
  const { numUpdatedRows } = await row()
    .set({ check_token: token, checked_until: until })
    .where('report_hash', 'is', null)
    .where((eb) =>
      eb.or([
        eb('checked_until', 'is', null),
        eb('checked_until', '<=', sql<Date>`clock_timestamp()`),
      ]),
    )
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) {
    throw new EarnestError('verification_pending', 'Another check is under way', {
      retryable: true,
    })
  }
  const renew = () => row().set({ checked_until: until }).where('check_token', '=', token).execute()
  const timer = setInterval(() => void renew().catch(() => {}), (TURN * 1000) / 4)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await row()
      .set({ check_token: null, checked_until: null })
      .where('check_token', '=', token)
      .execute()
  }
}
