import { type Clock, EarnestError } from '@earnest/sdk/protocol'
import type { Db } from '../store/store.ts'
import type { Account } from './verify/turn.ts'

/** CPU seconds of examiner threads that one agent may use in an hour for what it hands in. */
export const EXAMINER_SECONDS = 300

/** Milliseconds below which a look costs less than the entry would. */
const NOT_BOOKED = 5

/** The examiner time of each agent; several oracles over one database share it. */
export type ExamTime = {
  /** What one agent's files and deposits are looked at on. */
  of(did: string): Required<Account>
}

/**
 * Books what the examiner spends on what an agent hands in, whether it was let in or not: whoever sends
 * work that only costs time runs out of it. The check of a delivery itself is never refused.
 */
export function createExamTime({
  db,
  clock,
  seconds = EXAMINER_SECONDS,
}: {
  db: Db
  clock: Clock
  seconds?: number | undefined
}): ExamTime {
  return {
    of: (did) => ({
      owner: did,
      async admit() {
        const now = clock.now()
        const hour = Math.floor(now / 3600)
        const row = await db
          .selectFrom('exam_time')
          .select('milliseconds')
          .where('did', '=', did)
          .where('hour', '=', hour)
          .executeTakeFirst()
        if ((row?.milliseconds ?? 0) < seconds * 1000) return
        throw new EarnestError('examiner_budget_spent', 'Too much to look at in this hour', {
          retryable: true,
          details: { seconds, retryAfter: (hour + 1) * 3600 - now },
        })
      },
      async charge(milliseconds) {
        if (milliseconds < NOT_BOOKED) return
        const hour = Math.floor(clock.now() / 3600)
        await db
          .insertInto('exam_time')
          .values({ did, hour, milliseconds: Math.ceil(milliseconds) })
          .onConflict((conflict) =>
            conflict.columns(['did', 'hour']).doUpdateSet((eb) => ({
              milliseconds: eb('exam_time.milliseconds', '+', Math.ceil(milliseconds)),
            })),
          )
          .execute()
      },
    }),
  }
}
