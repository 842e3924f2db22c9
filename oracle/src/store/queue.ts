import { type QueryCreator, sql } from 'kysely'
import { statement } from './statement.ts'
import type { Db, Tx } from './store.ts'
import type { Tables } from './tables.ts'

/** Work to be added. */
export type Work = {
  queue: string
  key: string
  payload: unknown
  delaySeconds?: number
  again?: boolean
}

export type Job = {
  id: number
  queue: string
  key: string
  payload: string
  attempts: number
  token: string
}

/**
 * Adds work inside the transaction that makes it necessary; a key that waits already is left alone, unless
 * what made the work necessary is newer than what that job knows: then `again` has it looked at once more.
 */
export async function enqueue(
  tx: Tx | Db,
  { queue, key, payload, delaySeconds = 0, again = false }: Work,
): Promise<void> {
  const work = { queue, key, payload: JSON.stringify(payload), delaySeconds }
  await (again ? addAgain(tx, work) : add(tx, work))
}

type Adding = { queue: string; key: string; payload: string; delaySeconds: number }

/** Work as part of a statement, that of a key which waits already twice unless it says otherwise. */
export const jobOf = (db: QueryCreator<Tables>, { queue, key, payload, delaySeconds }: Adding) =>
  db.insertInto('job').values({
    queue,
    key,
    payload,
    run_at: sql<Date>`clock_timestamp() + make_interval(secs => ${delaySeconds})`,
  })

const add = statement((db, work: Adding) =>
  jobOf(db, work).onConflict((conflict) => conflict.columns(['queue', 'key']).doNothing()),
)

// Whoever has it now finishes nothing with a token that is gone; its lease runs out by itself.
const addAgain = statement((db, work: Adding) =>
  jobOf(db, work).onConflict((conflict) =>
    conflict.columns(['queue', 'key']).doUpdateSet({
      run_at: sql<Date>`least(job.run_at, excluded.run_at)`,
      lease_token: null,
    }),
  ),
)

/** Leases up to `limit` due jobs; those of a process that died return when its lease ends. */
export async function claim(
  db: Db,
  {
    queues,
    limit,
    leaseSeconds,
  }: { queues: readonly string[]; limit: number; leaseSeconds: number },
): Promise<Job[]> {
  if (queues.length === 0) return []
  const token = crypto.randomUUID()
  const rows = await lease(db, { queues, limit, leaseSeconds, token })
  return rows.map((row) => ({ ...row, token })).sort((a, b) => a.id - b.id)
}

type Leasing = { queues: readonly string[]; limit: number; leaseSeconds: number; token: string }

const lease = statement(
  (_, { queues, limit, leaseSeconds, token }: Leasing) => sql<Omit<Job, 'token'>>`
    update job set
      attempts = attempts + 1,
      lease_token = ${token},
      leased_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where id in (
      select id from job
      where queue = any(${queues}::text[]) and not failed and run_at <= clock_timestamp()
        and (leased_until is null or leased_until <= clock_timestamp())
      order by run_at, id
      for update skip locked
      limit ${limit}
    )
    returning id, queue, key, payload, attempts`,
)

/** Keeps the lease of a job that takes long; a process that died renews nothing. */
export async function renew(db: Db, job: Job, leaseSeconds: number): Promise<void> {
  await db
    .updateTable('job')
    .set({
      leased_until: sql<Date>`clock_timestamp() + make_interval(secs => ${leaseSeconds})`,
    })
    .where('id', '=', job.id)
    .where('lease_token', '=', job.token)
    .execute()
}

/** Removes a finished job, unless its lease ended and another process has it. */
export async function finish(tx: Tx | Db, job: Job): Promise<boolean> {
  return (await end(tx, { id: job.id, token: job.token })).length === 1
}

const end = statement((db, { id, token }: Pick<Job, 'id' | 'token'>) =>
  db.deleteFrom('job').where('id', '=', id).where('lease_token', '=', token).returning('id'),
)

/** Removes a job that somebody else's work made needless, unless a worker has it already. */
export async function drop(tx: Tx | Db, { queue, key }: Pick<Job, 'queue' | 'key'>): Promise<void> {
  await tx
    .deleteFrom('job')
    .where('queue', '=', queue)
    .where('key', '=', key)
    .where('lease_token', 'is', null)
    .execute()
}

/** Puts a job back for later, or sets it aside for the operator when `delaySeconds` is undefined. */
export async function retry(
  db: Db,
  job: Job,
  { error, delaySeconds }: { error: string; delaySeconds: number | undefined },
): Promise<void> {
  await db
    .updateTable('job')
    .set({
      leased_until: null,
      lease_token: null,
      error,
      // Waiting is no failure, however often a job is looked at.
      ...(error === '' && { attempts: 0 }),
      failed: delaySeconds === undefined,
      run_at: sql<Date>`clock_timestamp() + make_interval(secs => ${delaySeconds ?? 0})`,
    })
    .where('id', '=', job.id)
    .where('lease_token', '=', job.token)
    .execute()
}
