import { unpack } from '../store/json.ts'
import type { Db } from '../store/store.ts'
import type { EscrowState } from './state.ts'
import { submit, takeUp } from './submit.ts'
import { dueTimer } from './timer.ts'

/**
 * Writes down every timer that ran out, once for each change of an escrow. Only registered pacts:
 * anyone else can fire their own timers. What is written survives a restart.
 * @returns the keys of the submissions.
 */
export async function fireTimers(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .select('escrow.body')
    .where('escrow.state', 'in', ['Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration'])
    .where('escrow.timer_end', '<=', now)
    .orderBy('escrow.timer_end')
    .limit(100)
    .execute()
  const keys: string[] = []
  for (const row of rows) {
    const state = unpack<EscrowState>(row.body)
    const verb = dueTimer(state, now)
    if (!verb) continue
    const key = `timer/${state.id}/${state.seq}/${verb}`
    const known = await db
      .selectFrom('submission')
      .select('attempts')
      .where('key', '=', key)
      .executeTakeFirst()
    if (known) {
      // It is still due, so what failed is tried again, ever more seldom: the clock was ahead of the
      // chain, or the token was paused.
      const delaySeconds = Math.min(300, 2 ** Math.min(known.attempts, 9))
      await db.transaction().execute((tx) => takeUp(tx, key, { delaySeconds }))
      continue
    }
    const args = {
      expire: [state.terms],
      release: [state.terms, '0x'],
      escalate: [state.terms, state.terms.buyer, '0x'],
      conclude: [state.terms],
    }[verb]
    const call = { functionName: verb, args }
    await submit(db, { key, escrowId: state.id, call, at: now, seq: state.seq })
    keys.push(key)
  }
  return keys
}
