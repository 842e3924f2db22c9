import { bondVaultAbi } from '@earnest/contracts'
import { encodeFunctionData } from 'viem'
import { unpack } from '../store/json.ts'
import type { Db } from '../store/store.ts'
import type { Recourse } from './recourse.ts'
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
    if (await isKnown(db, key)) continue
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

/**
 * Writes down the end of every reservation whose time is over: frees what nobody claimed, lets the PASS
 * stand where the arbiter was silent. Only registered pacts, once each.
 * @returns the keys of the submissions.
 */
export async function endRecourses(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('recourse')
    .innerJoin('lock', 'lock.escrow_id', 'recourse.escrow_id')
    .innerJoin('escrow', 'escrow.escrow_id', 'recourse.escrow_id')
    .select(['recourse.body', 'escrow.body as escrow'])
    .where('recourse.due_at', '<=', now)
    .orderBy('recourse.due_at')
    .limit(100)
    .execute()
  const keys: string[] = []
  for (const row of rows) {
    const { id, state, end, vault } = unpack<Recourse>(row.body)
    const verb = state === 'reserved' ? 'free' : 'conclude'
    // A claim that a reorg moved ends at another time.
    const key = `recourse/${id}/${end}/${verb}`
    if (await isKnown(db, key)) continue
    const args = [unpack<EscrowState>(row.escrow).terms] as const
    const data = encodeFunctionData({ abi: bondVaultAbi, functionName: verb, args })
    const call = { functionName: verb, args, to: vault, data }
    await submit(db, { key, escrowId: id, call, at: now })
    keys.push(key)
  }
  return keys
}

/**
 * True for a call that was written down. It is still due, so what failed is tried again, ever more
 * seldom: the clock was ahead of the chain, or the token was paused.
 */
export async function isKnown(db: Db, key: string): Promise<boolean> {
  const known = await db
    .selectFrom('submission')
    .select('attempts')
    .where('key', '=', key)
    .executeTakeFirst()
  if (!known) return false
  const delaySeconds = Math.min(300, 2 ** Math.min(known.attempts, 9))
  await db.transaction().execute((tx) => takeUp(tx, key, { delaySeconds }))
  return true
}
