import { formatUtc } from '@earnest/sdk/protocol'
import { linkOf, tellOf } from '../../escrow/fold.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { dueReminder, nextReminder } from '../../escrow/window.ts'
import type { Context } from '../../store/context.ts'
import { append, type Entry } from '../../store/journal.ts'
import { unpack } from '../../store/json.ts'

/**
 * Reminds whoever a window waits for, at half of it and at nine tenths, once each (UNS-04). What was
 * missed while no oracle ran is said once, as the later of the two.
 * @returns how many reminders were written.
 */
export async function remind({ db, signer, clock }: Context): Promise<number> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom('escrow')
      .select(['escrow_id', 'body'])
      .where('remind_at', '<=', now)
      .orderBy('remind_at')
      .limit(200)
      .forUpdate()
      .skipLocked()
      .execute()
    const entries: Entry[] = []
    for (const row of rows) {
      const state = unpack<EscrowState>(row.body)
      const due = dueReminder(state, now)
      const link = due && (await linkOf(tx, row.escrow_id))
      if (due && link) {
        const { part, window } = due
        const { agents: _, ...told } = tellOf('reminder', row.escrow_id, link)
        entries.push({
          action: 'reminder',
          subject: row.escrow_id,
          at: now,
          key: `reminder/${row.escrow_id}/${state.seq}/${part}`,
          data: {
            window: state.state,
            part,
            windowEnd: formatUtc(window.end),
            awaited: [...window.awaited],
            // What anyone may do at its end.
            atEnd: window.atEnd,
          },
          tell: { ...told, agents: window.awaited.map((side) => link[side]) },
        })
      }
      await tx
        .updateTable('escrow')
        .set({ remind_at: nextReminder(state, now) })
        .where('escrow_id', '=', row.escrow_id)
        .execute()
    }
    return append(tx, signer, entries)
  })
}
