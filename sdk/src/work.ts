import type { Hex } from 'viem'
import * as z from 'zod'
import { authorize } from './escrow/authorize.ts'
import {
  type EscrowClient,
  type EscrowRef,
  escrowOfPact,
  type ReadClient,
} from './escrow/client.ts'
import { readBlockTime, readHistory } from './escrow/events.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { refund } from './escrow/refund.ts'
import { verifyLockOnAll } from './escrow/verifyLock.ts'
import type { Negotiator } from './negotiation/respond.ts'
import { ZERO_ADDRESS } from './protocol/address.ts'
import type { Clock } from './protocol/clock.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { fromBytes32, toBytes32 } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import { artifactHash } from './protocol/manifest.ts'
import {
  type ResponseMessage,
  responseMessageSchema,
  type WorkMessage,
} from './protocol/message.ts'
import { milestoneOf, type Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import { auditDeliverable, type SelfAudit } from './settlement/audit.ts'
import { deliver } from './settlement/deliver.ts'
import { filesOf, manifestOfFiles, type ReceivedFile } from './settlement/file.ts'
import type { Job, Skill } from './skill.ts'
import type { OracleClient } from './trust/oracle.ts'

const draftSchema = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), mime: z.string(), bytes: z.base64() })),
  selfAuditScore: z.number().min(0).max(1),
  latencyMs: z.int().min(0),
})

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
  data: z.json().exactOptional(),
  /** accepted: to be done; drafted: done, to be handed in; ended: answered. */
  state: z.enum(['accepted', 'drafted', 'ended']),
  /** The same for every attempt to hand in. */
  nonce: z.string(),
  startedAt: z.int(),
  draft: draftSchema.nullable(),
  submission: submissionSchema.nullable(),
  response: responseMessageSchema.nullable(),
})
type JobRecord = z.output<typeof jobSchema>

/** What the seller's work needs. */
export interface WorkOptions {
  identity: Identity
  /** The seller's wallet. */
  client: EscrowClient
  /** Further RPCs that must agree about a lock before work begins. */
  witnesses?: readonly ReadClient[]
  oracle: OracleClient
  negotiator: Negotiator
  skills: readonly Skill[]
  store: Store
  clock: Clock
  /** Default: audits against the pact's criteria. */
  audit?: (draft: {
    pact: Pact
    milestone: number
    files: readonly ReceivedFile[]
    now: number
  }) => SelfAudit | Promise<SelfAudit>
  /** Drafts after the first, at most. */
  maxRevisions?: number
  /** False: keeps the lock after a failure, to try again by hand. */
  refundOnFailure?: boolean
  onEvent?: (event: WorkEvent) => void
}

/** What happens at work, for logs and tests. */
export interface WorkEvent {
  type: 'started' | 'audited' | 'revised' | 'delivered' | 'failed' | 'refunded' | 'retrying'
  escrowId: string
  detail?: string
}

/** The part of a seller that works. */
export interface Work {
  /** Begins the work of a message, or joins it where it runs: the answer comes when it is done. */
  begin(message: WorkMessage): Promise<ResponseMessage>
  /** Refuses at once what would be refused, without beginning; undefined: would begin. */
  refusal(message: WorkMessage): Promise<ResponseMessage | undefined>
  /** Continues everything that was begun before the process ended; resolves when all is under way. */
  resume(): Promise<void>
  /** Escrows whose work is under way. */
  running(): string[]
  /** Waits until nothing is under way. */
  settled(): Promise<void>
  stop(): void
}

/**
 * The only way to a skill: a pact that both signed, an escrow of exactly this pact, money that the chain
 * shows locked. No message, event or model can go around it (ESC-13, ESC-14, ESC-15, ATK-04).
 */
export function createWork(options: WorkOptions): Work {
  const { identity, client, oracle, negotiator, store, clock, witnesses = [] } = options
  const { maxRevisions = 1, refundOnFailure = true, onEvent = () => {} } = options
  const skills = new Map(options.skills.map((skill) => [skill.id, skill]))
  const running = new Map<string, Promise<ResponseMessage>>()
  const stopped = new AbortController()

  async function check(message: WorkMessage): Promise<Pact | ResponseMessage> {
    const agreed = await negotiator.agreed(message.pactId)
    if (agreed === undefined) return declined('unknown_pact', 'We have not signed this pact')
    const { pact } = agreed.signed
    const { milestone = 0 } = message
    if (message.taskType !== pact.capability) {
      return declined('unknown_task_type', 'The pact is about another capability')
    }
    if (milestone >= (pact.milestones?.length ?? 1)) {
      return declined('unknown_milestone', 'The pact has no such milestone')
    }
    if (escrowOfPact({ pact, milestone }).escrowId !== message.escrowId) {
      return declined(
        'condition_mismatch',
        'Escrow condition hash mismatch. Possible pact substitution attack.',
      )
    }
    try {
      const { status } = await verifyLockOnAll([client, ...witnesses], { pact, milestone })
      if (status === 'locked') return pact
      return declined(
        'escrow_not_locked',
        `Invalid escrow state: ${status}. Funds must be locked before work begins.`,
      )
    } catch (error) {
      if (!isEarnestError(error)) throw error
      // Unknown is not locked.
      return declined(
        error.code,
        'Invalid escrow state: unknown. Funds must be locked before work begins.',
      )
    }
  }

  async function begin(message: WorkMessage): Promise<ResponseMessage> {
    const { escrowId } = message
    const under = running.get(escrowId)
    if (under !== undefined) return under
    const work = (async () => {
      const known = await readJob(escrowId)
      if (known?.response) return known.response
      if (known !== undefined && known.pactId === message.pactId) return await carryOut(known)
      const checked = await check(message)
      if ('status' in checked) return checked
      const job: JobRecord = {
        escrowId,
        pactId: message.pactId,
        milestone: message.milestone ?? 0,
        ...(message.data !== undefined && { data: message.data }),
        state: 'accepted',
        nonce: crypto.randomUUID(),
        startedAt: clock.now(),
        draft: null,
        submission: null,
        response: null,
      }
      await writeJob(job)
      return await carryOut(job)
    })()
    running.set(escrowId, work)
    try {
      return await work
    } finally {
      running.delete(escrowId)
    }
  }

  async function carryOut(start: JobRecord): Promise<ResponseMessage> {
    let job = start
    const agreed = await negotiator.agreed(job.pactId)
    if (agreed === undefined) return declined('unknown_pact', 'We have not signed this pact')
    const { pact } = agreed.signed
    const skill = skills.get(pact.capability)
    const escrowId = job.escrowId as `0x${string}`
    onEvent({ type: 'started', escrowId })
    try {
      if (skill === undefined) throw new EarnestError('unknown_capability', 'No such skill')
      if (job.state === 'accepted') {
        job = { ...job, state: 'drafted', draft: await produce(job, pact, skill) }
        await writeJob(job)
      }
      return await end(job, await handIn(job, pact))
    } catch (error) {
      if (stopped.signal.aborted) throw error
      return await end(job, await fail(job, pact, error))
    }
  }

  async function produce(
    { escrowId, milestone }: JobRecord,
    pact: Pact,
    skill: Skill,
  ): Promise<z.output<typeof draftSchema>> {
    const { deadlineUtc } = milestoneOf(pact, milestone)
    const startedAt = clock.now()
    const job: Job = {
      pact,
      milestone,
      escrowId: escrowId as `0x${string}`,
      taskType: pact.capability,
      // What both signed; a message, whoever sent it, changes nothing about the work.
      input: pact.input,
      signal: AbortSignal.any([
        stopped.signal,
        AbortSignal.timeout(Math.max(0, Math.min(deadlineUtc - startedAt, 2_000_000)) * 1000),
      ]),
    }
    const audit = options.audit ?? auditDeliverable
    let files = filesOf(await skill.run(job))
    let found = await audit({ pact, milestone, files, now: clock.now() })
    onEvent({ type: 'audited', escrowId, detail: found.reason })
    for (let revision = 0; revision < maxRevisions && !found.meetsRequirements; revision++) {
      if (skill.revise === undefined) break
      files = filesOf(await skill.revise(job, files, found.gaps))
      found = await audit({ pact, milestone, files, now: clock.now() })
      onEvent({ type: 'revised', escrowId, detail: found.reason })
    }
    job.signal.throwIfAborted()
    return {
      files: files.map(({ bytes, ...file }) => ({ ...file, bytes: toBase64(bytes) })),
      selfAuditScore: Math.min(1, Math.max(0, found.score)),
      latencyMs: Math.max(0, clock.now() - startedAt) * 1000,
    }
  }

  async function handIn(start: JobRecord, pact: Pact): Promise<ResponseMessage> {
    let job = start
    const { pactId, milestone, draft, nonce } = job
    if (draft === null) throw new EarnestError('empty_deliverable', 'Nothing to deliver')
    const escrow = escrowOfPact({ pact, milestone })
    const escrowId = job.escrowId as `0x${string}`
    const files = draft.files.map(({ bytes, ...file }) => ({ ...file, bytes: fromBase64(bytes) }))
    const manifest = manifestOfFiles(files)
    const deliverableHash = artifactHash(manifest)
    const reserve = escrow.terms.vault !== ZERO_ADDRESS
    const { deadlineUtc } = milestoneOf(pact, milestone)
    for (let pause = 500; ; pause = Math.min(pause * 2, 30_000)) {
      try {
        const { state, round } = await readEscrow(client, escrow)
        if (state !== 'Funded') {
          // After a crash the delivery may stand already: the chain knows.
          const deliveredAt = await standsSince(escrow, deliverableHash)
          if (deliveredAt === undefined) throw notOpen(state)
          return completed(deliveredAt)
        }
        if (job.submission?.round !== round + 1) {
          const action = {
            verb: 'deliver',
            artifactHash: toBytes32(deliverableHash),
            reserve,
          } as const
          const validBefore = BigInt(deadlineUtc)
          const authorization = await authorize(client, { escrow, action, validBefore })
          const submission = { round: round + 1, completedAt: clock.now(), authorization }
          job = { ...job, submission }
          await writeJob(job)
        }
        const { submission } = job
        if (submission === null) throw new EarnestError('store_corrupt', 'No submission')
        const { receipt } = await deliver({
          oracle,
          identity,
          escrowId,
          pactId,
          round: submission.round,
          files,
          metrics: { latencyMs: draft.latencyMs, selfAuditScore: draft.selfAuditScore },
          reserve,
          completedAt: submission.completedAt,
          authorization: submission.authorization as Hex,
          nonce,
        })
        onEvent({ type: 'delivered', escrowId, detail: receipt.result })
        return completed(submission.completedAt)
      } catch (error) {
        if (!isEarnestError(error) || !error.retryable || clock.now() >= deadlineUtc) throw error
        onEvent({ type: 'retrying', escrowId, detail: error.code })
        await sleep(pause, stopped.signal)
      }
    }

    function completed(completionTimeUtc: number): ResponseMessage {
      return {
        status: 'completed',
        pactId,
        escrowId,
        deliverableHash,
        deliverable: manifest,
        completionTimeUtc,
      }
    }
  }

  async function standsSince(escrow: EscrowRef, hash: string): Promise<number | undefined> {
    const events = await readHistory(client, escrow)
    const found = events.find(
      (event) => event.eventName === 'Delivered' && fromBytes32(event.args.artifactHash) === hash,
    )
    if (found?.blockNumber == null) return undefined
    return await readBlockTime(client, found.blockNumber)
  }

  async function fail(
    { escrowId: id, pactId, milestone }: JobRecord,
    pact: Pact,
    error: unknown,
  ): Promise<ResponseMessage> {
    const escrowId = id as `0x${string}`
    // What a skill throws may hold a path, a prompt or a key; only our own errors are written for others.
    const isPublic = isEarnestError(error)
    const reasonCode = isPublic ? error.code : 'execution_failed'
    const reason = isPublic ? error.message : 'The work could not be done'
    onEvent({ type: 'failed', escrowId, detail: reasonCode })
    await oracle
      .call('reportFailure', { params: { pactId }, body: { escrowId, failureReason: reason } })
      .catch(() => {})
    if (refundOnFailure) {
      const escrow = escrowOfPact({ pact, milestone })
      const { state } = await readEscrow(client, escrow)
      if (state === 'Funded') {
        await refund(client, {
          escrow,
          relay: async (data) =>
            (await oracle.call('relay', { body: { data: lower(data) } })).txHash,
        })
          .then(() => onEvent({ type: 'refunded', escrowId }))
          // The deadline gives the money back anyway.
          .catch(() => {})
      }
    }
    return { status: 'execution_failed', pactId, escrowId, reasonCode, reason }
  }

  async function end(job: JobRecord, response: ResponseMessage): Promise<ResponseMessage> {
    await writeJob({ ...job, state: 'ended', draft: null, response })
    return response
  }

  async function readJob(escrowId: string): Promise<JobRecord | undefined> {
    const known = jobSchema.safeDecode((await store.get(`job/${escrowId}`)) as never)
    return known.success ? known.data : undefined
  }

  async function writeJob(job: JobRecord): Promise<void> {
    await store.set(`job/${job.escrowId}`, encode(jobSchema, job, 'store_corrupt'))
  }

  return {
    begin,
    async refusal(message) {
      if (running.has(message.escrowId)) return undefined
      const known = await readJob(message.escrowId)
      if (known !== undefined) return known.response ?? undefined
      const checked = await check(message)
      return 'status' in checked ? checked : undefined
    },
    async resume() {
      for (const key of await store.keys('job/')) {
        const job = await readJob(key.slice('job/'.length))
        if (job === undefined || job.state === 'ended' || running.has(job.escrowId)) continue
        const work = carryOut(job)
        running.set(job.escrowId, work)
        void work.catch(() => {}).finally(() => running.delete(job.escrowId))
      }
    },
    running: () => [...running.keys()],
    async settled() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
    stop: () => stopped.abort(new EarnestError('stopped', 'The seller stops', { retryable: true })),
  }
}

function notOpen(state: string): EarnestError {
  return new EarnestError('escrow_not_open', `The escrow is ${state}`, { details: { state } })
}

function declined(reasonCode: string, reason: string): ResponseMessage {
  return { status: 'declined', reasonCode, reason }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}

function lower(bytes: Hex): `0x${string}` {
  return bytes.toLowerCase() as `0x${string}`
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
