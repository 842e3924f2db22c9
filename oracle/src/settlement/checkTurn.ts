import { EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'

/** Seconds after which the turn of a process that died is another's. */
const TURN = 20

/**
 * Does the check of a completion while nobody else does it, in this process or another: what a test
 * run finds may change between two looks, and only one is to count. The turn is renewed for as long
 * as the check takes, and ends with the report that the work logs.
 * @throws verification_pending (retryable) while another has the turn.
 */
export async function inCheckTurn<T>(
  db: Db,
  { escrowId, round }: { escrowId: string; round: number },
  work: () => Promise<T>,
): Promise<T> {
  const token = crypto.randomUUID()
  const mine = () =>
    db
      .updateTable('completion')
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .where('check_token', '=', token)
  const [taken] = await take(db, { escrowId, round, token })
  if (!taken) {
    throw new EarnestError('verification_pending', 'Another check is under way', {
      retryable: true,
    })
  }
  const renew = () => mine().set({ checked_until: until }).execute()
  const timer = setInterval(() => void renew().catch(() => {}), (TURN * 1000) / 4)
  try {
    return await work()
  } catch (error) {
    await mine().set({ check_token: null, checked_until: null }).execute()
    throw error
  } finally {
    clearInterval(timer)
  }
}

const until = sql<Date>`clock_timestamp() + make_interval(secs => ${TURN})`

const take = statement(
  (db, { escrowId, round, token }: { escrowId: string; round: number; token: string }) =>
    db
      .updateTable('completion')
      .set({ check_token: token, checked_until: until })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .where('report_hash', 'is', null)
      .where((eb) =>
        eb.or([
          eb('checked_until', 'is', null),
          eb('checked_until', '<=', sql<Date>`clock_timestamp()`),
        ]),
      )
      .returning('round'),
)
