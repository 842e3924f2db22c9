import type { Bell } from '../store/bell.ts'
import { type EventFilter, lastEvent, readEvents } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'

/** Events that are kept at hand; who is further behind reads them from the store. */
const KEPT = 2_000
const BATCH = 100

/** The end of the event log, read once for all who listen. */
export type Tail = {
  /** Number of the newest event, looked up now; 0 before the first. */
  newest(): Promise<number>
  /**
   * Events after `cursor` that pass the filter, oldest first, and up to where the log was looked through:
   * the next cursor.
   */
  since(cursor: number, filter: EventFilter): Promise<{ rows: Row<'event'>[]; cursor: number }>
}

/** Follows the log: between two rings of the bell it is read once, however many listen. */
export function createTail({ db, bell }: { db: Db; bell: Bell }): Tail {
  let kept: Row<'event'>[] = []
  /** Everything after this, up to the last one kept, is kept. */
  let before: number | undefined
  let seen = -1
  let reading: Promise<void> | undefined

  return {
    async newest() {
      await (reading ?? turn())
      return kept.at(-1)?.id ?? before ?? 0
    },
    async since(cursor, filter) {
      await refresh()
      const newest = kept.at(-1)?.id ?? before ?? 0
      if (before === undefined || cursor < before) {
        const rows = await readEvents(db, { after: cursor, limit: BATCH, ...filter })
        const last = rows.at(-1)?.id ?? cursor
        return { rows, cursor: rows.length < BATCH ? Math.max(last, newest) : last }
      }
      let start = kept.length
      while (start > 0 && (kept[start - 1]?.id ?? 0) > cursor) start--
      const rows = kept.slice(start).filter((row) => passes(row, filter))
      return { rows, cursor: Math.max(cursor, newest) }
    },
  }

  /** Numbers are given in the order of the commits, so nothing comes below what was read. */
  async function refresh(): Promise<void> {
    while (seen !== bell.rings()) await (reading ?? turn())
  }

  function turn(): Promise<void> {
    reading = read().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function read(): Promise<void> {
    const rings = bell.rings()
    before ??= await lastEvent(db)
    for (;;) {
      const after = kept.at(-1)?.id ?? before
      const rows = await readEvents(db, { after, limit: BATCH })
      kept.push(...rows)
      if (kept.length > KEPT) {
        before = kept.at(-KEPT - 1)?.id ?? before
        kept = kept.slice(-KEPT)
      }
      if (rows.length < BATCH) break
    }
    seen = rings
  }
}

function passes(row: Row<'event'>, { agent, pactId, escrowId }: EventFilter): boolean {
  if (agent !== undefined && !row.agents.includes(agent)) return false
  if (pactId !== undefined && row.pact_id !== pactId) return false
  return escrowId === undefined || row.escrow_id === escrowId
}
