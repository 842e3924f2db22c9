import { isEarnestError } from '@earnest/sdk/protocol'
import { claim, finish, type Job, renew, retry } from './queue.ts'
import type { Db } from './store.ts'

/** Seconds after which the jobs of a process that died are another's; a live one renews them. */
const JOB_SECONDS = 20
/** Jobs that are done side by side. */
const SIDE_BY_SIDE = 16
/** Tries after which a job that cannot succeed is left to the operator. */
const MAX_ATTEMPTS = 30

export type Worker = {
  /**
   * Works off what is due now.
   * @returns how many jobs were taken, and whether more may be due.
   */
  work(): Promise<{ taken: number; isMore: boolean }>
}

/** Works off the jobs of some queues; those of a process that died in the middle are anybody's soon. */
export function createWorker({
  db,
  queues,
  prepare,
  handle,
  isPatient,
  onFailure,
}: {
  db: Db
  queues: readonly string[]
  /** What is done once for all jobs that were taken together. */
  prepare(jobs: readonly Job[]): Promise<void>
  /**
   * Does one job.
   * @param prepared Settles when `prepare` has.
   * @returns seconds after which it wants to be looked at again; undefined when it is done.
   */
  handle(job: Job, prepared: Promise<void>): Promise<number | undefined>
  /** True for work that is tried for as long as it may still succeed. */
  isPatient(job: Job): boolean
  onFailure(job: Job, failure: { code: string; error: string }): void
}): Worker {
  async function run(job: Job, prepared: Promise<void>): Promise<void> {
    const keep = () => void renew(db, job, JOB_SECONDS).catch(() => {})
    const timer = setInterval(keep, (JOB_SECONDS * 1000) / 4)
    try {
      const again = await handle(job, prepared)
      if (again === undefined) await finish(db, job)
      else await retry(db, job, { error: '', delaySeconds: again })
    } catch (error) {
      const code = isEarnestError(error) ? error.code : 'internal'
      const isHopeless = isEarnestError(error) && !error.retryable
      const isOver = isHopeless || (job.attempts >= MAX_ATTEMPTS && !isPatient(job))
      const delaySeconds = isOver ? undefined : Math.min(60, 2 ** job.attempts / 4)
      onFailure(job, { code, error: String(error) })
      await retry(db, job, { error: `${code}: ${String(error)}`, delaySeconds })
    } finally {
      clearInterval(timer)
    }
  }

  return {
    async work() {
      const jobs = await claim(db, { queues, limit: SIDE_BY_SIDE, leaseSeconds: JOB_SECONDS })
      const prepared = prepare(jobs)
      // Whoever needs it is told.
      prepared.catch(() => {})
      await Promise.all(jobs.map((job) => run(job, prepared)))
      return { taken: jobs.length, isMore: jobs.length === SIDE_BY_SIDE }
    },
  }
}
