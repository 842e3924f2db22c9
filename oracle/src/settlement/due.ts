import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'

/** What a look at the chain finds to do besides reading it. */
export type Due = {
  /** Recourses that ended and are not on record. */
  endings: boolean
  /** Timers that ran out. */
  timers: boolean
  /** Reservations whose time is over. */
  recourses: boolean
  /** Cases before an arbiter. */
  cases: boolean
}

/** Asks for all of it at once: at most looks it is nothing. Each by the index of whoever does it then. */
export async function whatIsDue(
  db: Db,
  { now, latest }: { now: number; latest: number },
): Promise<Due> {
  const [due] = await dueAt(db, { now, latest })
  return due ?? { endings: true, timers: true, recourses: true, cases: true }
}

const dueAt = statement(
  (_, { now, latest }: { now: number; latest: number }) => sql<Due>`
    select
      exists (select from recourse where awaits and updated_block <= ${latest}) as endings,
      exists (
        select from escrow join lock on lock.escrow_id = escrow.escrow_id
        where escrow.state in ('Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration')
          and escrow.timer_end <= ${now}
      ) as timers,
      exists (select from recourse where due_at <= ${now}) as recourses,
      exists (select from escrow where state = 'Arbitration')
        or exists (select from recourse where state = 'claimed')
        or exists (select from docket where stage in ('proposed', 'sitting', 'moderation'))
        as cases`,
)
