import { pause } from '../pause.ts'
import { EarnestError } from '../protocol/error.ts'
import type { ReceivedFile } from '../settlement/file.ts'
import type { Job, Skill } from '../skill.ts'

/** A service that a model does with tools instead of a function. */
export type Service = Omit<Skill, 'run' | 'revise'>

/** Jobs that the engine has opened and a model has to finish. */
export interface Workbench {
  /** The service as a skill: its run lasts until the model has completed it. */
  skillOf(service: Service): Skill
  /** A job on the bench: it lies there only after the engine has seen the money on chain. */
  jobOf(escrowId: string): Job | undefined
  /** Waits some seconds until the engine has opened a job; false where it has not. */
  waitFor(escrowId: string, seconds: number): Promise<boolean>
  /** Hands over what was made. */
  finish(escrowId: string, files: readonly ReceivedFile[]): void
  /** True once what was made was handed over in this process. */
  isFinished(escrowId: string): boolean
  /** Gives a job up: the engine reports it and pays the money back. */
  abandon(escrowId: string, reason: string): boolean
}

/** Handed over jobs that are remembered: a call that is repeated later than that has its key. */
const REMEMBERED = 1000
/** Milliseconds between two looks at the bench. */
const LOOK = 50

/** Makes a bench. */
export function createWorkbench(): Workbench {
  type Place = {
    job: Job
    finish(files: readonly ReceivedFile[]): void
    fail(error: unknown): void
  }
  const bench = new Map<string, Place>()
  const finished = new Set<string>()

  async function run(job: Job): Promise<{ files: readonly ReceivedFile[] }> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ReceivedFile[]>()
    const stop = () => reject(job.signal.reason)
    job.signal.throwIfAborted()
    job.signal.addEventListener('abort', stop, { once: true })
    bench.set(job.escrowId, { job, finish: resolve, fail: reject })
    try {
      return { files: await promise }
    } finally {
      bench.delete(job.escrowId)
      job.signal.removeEventListener('abort', stop)
    }
  }

  return {
    skillOf: (service) => ({ ...service, run }),
    async waitFor(escrowId, seconds) {
      const { signal } = new AbortController()
      for (let waited = 0; waited < seconds * 1000 && !bench.has(escrowId); waited += LOOK) {
        await pause(LOOK, signal)
      }
      return bench.has(escrowId)
    },
    jobOf: (escrowId) => bench.get(escrowId)?.job,
    finish(escrowId, files) {
      const place = bench.get(escrowId)
      bench.delete(escrowId)
      if (place === undefined) return
      finished.add(escrowId)
      const [oldest] = finished
      if (finished.size > REMEMBERED && oldest !== undefined) finished.delete(oldest)
      place.finish(files)
    },
    isFinished: (escrowId) => finished.has(escrowId),
    abandon(escrowId, reason) {
      const place = bench.get(escrowId)
      bench.delete(escrowId)
      place?.fail(new EarnestError('out_of_scope', reason))
      return place !== undefined
    },
  }
}
