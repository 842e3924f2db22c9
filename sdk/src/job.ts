import * as z from 'zod'
import { decode, encode } from './protocol/decode.ts'
import { EarnestError } from './protocol/error.ts'
import { responseMessageSchema } from './protocol/message.ts'
import type { Store } from './protocol/store.ts'
import type { ReceivedFile } from './settlement/file.ts'

const draftSchema = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), mime: z.string(), bytes: z.base64() })),
  selfAuditScore: z.number().min(0).max(1),
  latencyMs: z.int().min(0),
})
export type Draft = z.output<typeof draftSchema>

/** What was signed to hand the draft in: kept, so that every attempt sends the same bytes. */
const submissionSchema = z.strictObject({
  round: z.int(),
  completedAt: z.int(),
  authorization: z.string(),
})

const jobSchema = z.strictObject({
  escrowId: z.string(),
  pactId: z.string(),
  milestone: z.int(),
  /** accepted: to be done; drafted: done, to be handed in; ended: answered. */
  state: z.enum(['accepted', 'drafted', 'ended']),
  /** The same for every attempt to hand in, until the chain has refused what was signed. */
  nonce: z.string(),
  startedAt: z.int(),
  draft: draftSchema.nullable(),
  submission: submissionSchema.nullable(),
  response: responseMessageSchema.nullable(),
})
/** One paid work as a seller remembers it across crashes. */
export type JobRecord = z.output<typeof jobSchema>
type JobResponse = NonNullable<JobRecord['response']>

/** The jobs of one seller. */
export interface JobBook {
  read(escrowId: string): Promise<JobRecord | undefined>
  /**
   * Writes what comes after a job as it stood, which is nothing for one that begins. Where another process
   * has gone on with it meanwhile, its word stands; gives the one that stands.
   */
  advance(before: JobRecord | undefined, next: JobRecord): Promise<JobRecord>
  /** Ends a job, whoever has gone on with it; the first answer stays and is given back. */
  end(escrowId: string, response: JobResponse): Promise<JobResponse>
  /** Escrows of the jobs that have not ended. */
  open(): Promise<string[]>
}

/** Keeps the jobs of a seller in its store. */
export function createJobBook(store: Store): JobBook {
  const ended = new Set<string>()

  async function read(escrowId: string): Promise<JobRecord | undefined> {
    const known = jobSchema.safeDecode((await store.get(placeOf(escrowId))) as never)
    return known.success ? known.data : undefined
  }

  return {
    read,
    async advance(before, next) {
      const [was, will] = [before && wireOf(before), wireOf(next)]
      if (await store.swap(placeOf(next.escrowId), was, will)) return next
      const standing = await read(next.escrowId)
      if (standing === undefined) throw new EarnestError('store_corrupt', 'The job is gone')
      return standing
    },
    async end(escrowId, response) {
      for (;;) {
        const wire = await store.get(placeOf(escrowId))
        const job = decode(jobSchema, wire, 'store_corrupt')
        if (job.response !== null) return job.response
        const ended: JobRecord = { ...job, state: 'ended', draft: null, response }
        if (await store.swap(placeOf(escrowId), wire, wireOf(ended))) return response
      }
    },
    async open() {
      const open: string[] = []
      for (const key of await store.keys('job/')) {
        const escrowId = key.slice('job/'.length)
        // What has ended never opens again, and is not read again.
        if (ended.has(escrowId)) continue
        const job = await read(escrowId)
        if (job?.state === 'ended') ended.add(escrowId)
        else if (job !== undefined) open.push(escrowId)
      }
      return open
    },
  }
}

function placeOf(escrowId: string): string {
  return `job/${escrowId}`
}

function wireOf(job: JobRecord): unknown {
  return encode(jobSchema, job, 'store_corrupt')
}

/** The files of a draft. */
export function filesOfDraft({ files }: Draft): ReceivedFile[] {
  return files.map(({ bytes, ...file }) => ({ ...file, bytes: fromBase64(bytes) }))
}

/** Files as a draft keeps them. */
export function draftOf(
  files: readonly ReceivedFile[],
  facts: Pick<Draft, 'selfAuditScore' | 'latencyMs'>,
): Draft {
  return {
    files: files.map(({ bytes, ...file }) => ({ ...file, bytes: toBase64(bytes) })),
    ...facts,
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  return btoa(text)
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
