import type { Db } from './store.ts'

/** What was given up and waits for the operator. */
export type Parked = { submissions: number; jobs: number }

/** Counts what is parked, of all processes on this store. */
export async function countParked(db: Db): Promise<Parked> {
  const count = (table: 'submission' | 'job') =>
    db.selectFrom(table).select((eb) => eb.fn.countAll<string>().as('n'))
  const [submissions, jobs] = await Promise.all([
    count('submission').where('status', '=', 'parked').executeTakeFirstOrThrow(),
    count('job').where('failed', '=', true).executeTakeFirstOrThrow(),
  ])
  return { submissions: Number(submissions.n), jobs: Number(jobs.n) }
}
