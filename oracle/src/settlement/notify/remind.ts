import { formatUtc } from '@earnest/sdk/protocol'
import { linkOf, tellOf } from '../../escrow/fold.ts'
import type { Recourse } from '../../escrow/recourse.ts'
import type { EscrowState } from '../../escrow/state.ts'
import {
  dueReminder,
  nextReminder,
  recourseWindow,
  type Window,
  windowOf,
} from '../../escrow/window.ts'
import type { Context } from '../../store/context.ts'
import { append, type Entry } from '../../store/journal.ts'
import { unpack } from '../../store/json.ts'
import type { Tx } from '../../store/store.ts'

/**
 * Reminds whoever a window waits for, at half of it and at nine tenths, once each (UNS-04). What was
 * missed while no oracle ran is said once, as the later of the two.
 * @returns how many reminders were written.
 */
export async function remind({ db, signer, clock }: Context): Promise<number> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const escrows = await tx
      .selectFrom('escrow')
      .select(['escrow_id', 'body'])
      .where('remind_at', '<=', now)
      .orderBy('remind_at')
      .limit(200)
      .forUpdate()
      .skipLocked()
      .execute()
    const recourses = await tx
      .selectFrom('recourse')
      .innerJoin('escrow', 'escrow.escrow_id', 'recourse.escrow_id')
      .select(['recourse.escrow_id', 'recourse.body', 'escrow.body as escrow'])
      .where('recourse.remind_at', '<=', now)
      .orderBy('recourse.remind_at')
      .limit(200)
      .forUpdate('recourse')
      .skipLocked()
      .execute()
    const entries: Entry[] = []
    for (const { escrow_id, body } of escrows) {
      const state = unpack<EscrowState>(body)
      const running = { window: windowOf(state), name: state.state, mark: String(state.seq) }
      entries.push(...(await entriesOf(tx, { escrowId: escrow_id, now, ...running })))
      await tx
        .updateTable('escrow')
        .set({ remind_at: nextReminder(running.window, now) })
        .where('escrow_id', '=', escrow_id)
        .execute()
    }
    for (const { escrow_id, body, escrow } of recourses) {
      const recourse = unpack<Recourse>(body)
      const window = recourseWindow(unpack<EscrowState>(escrow), recourse)
      const name = recourse.state === 'claimed' ? 'Claimed' : 'Reserved'
      const running = { window, name, mark: `${name}/${recourse.end}` }
      entries.push(...(await entriesOf(tx, { escrowId: escrow_id, now, ...running })))
      await tx
        .updateTable('recourse')
        .set({ remind_at: nextReminder(window, now) })
        .where('escrow_id', '=', escrow_id)
        .execute()
    }
    return append(tx, signer, entries)
  })
}

async function entriesOf(
  tx: Tx,
  {
    escrowId,
    window,
    name,
    mark,
    now,
  }: { escrowId: string; window: Window | undefined; name: string; mark: string; now: number },
): Promise<Entry[]> {
  const due = dueReminder(window, now)
  const link = due && (await linkOf(tx, escrowId))
  if (!due || !link) return []
  const { part, window: running } = due
  const { agents: _, ...told } = tellOf('reminder', escrowId, link)
  return [
    {
      action: 'reminder',
      subject: escrowId,
      at: now,
      key: `reminder/${escrowId}/${mark}/${part}`,
      data: {
        window: name,
        part,
        windowEnd: formatUtc(running.end),
        awaited: [...running.awaited],
        // What anyone may do at its end.
        atEnd: running.atEnd,
      },
      tell: { ...told, agents: running.awaited.map((side) => link[side]) },
    },
  ]
}
