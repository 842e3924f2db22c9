import type { Begun } from './cancelled.ts'
import { type EscrowClient, escrowOfPact, type ReadClient } from './escrow/client.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { refund } from './escrow/refund.ts'
import { type Admission, createGate } from './gate.ts'
import { handIn } from './handIn.ts'
import { createHints, type Hints } from './hints.ts'
import { createJobBook, type Draft, draftOf, type JobBook, type JobRecord } from './job.ts'
import type { Negotiator } from './negotiation/respond.ts'
import type { OwnerNote } from './owner/note.ts'
import { pause } from './pause.ts'
import type { Clock } from './protocol/clock.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { failureCodeOf } from './protocol/failure.ts'
import type { Identity } from './protocol/identity.ts'
import type { ResponseMessage, WorkMessage } from './protocol/message.ts'
import { milestoneOf, type Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import { relayOf } from './relay.ts'
import { type Audit, auditDeliverable } from './settlement/audit.ts'
import { filesOf } from './settlement/file.ts'
import type { Job, Skill } from './skill.ts'
import type { OracleClient } from './trust/oracle.ts'

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
  audit?: Audit
  /** Drafts after the first, at most. */
  maxRevisions?: number
  /** False: keeps the lock after a failure, to try again by hand. */
  refundOnFailure?: boolean
  /** When it is worth to look at a delivery; default: a stream of its own. */
  hints?: Hints
  /** What the owner wrote about a trade. */
  notes?: (escrowId: string) => Promise<readonly OwnerNote[]>
  onEvent?: (event: WorkEvent) => void
}

/**
 * What happens at work, for logs and tests: `submitted` is the oracle's word, `delivered` the chain's,
 * `retrying` what stands in the way for now, by its code.
 */
export interface WorkEvent {
  type:
    | 'started'
    | 'audited'
    | 'revised'
    | 'submitted'
    | 'delivered'
    | 'failed'
    | 'refunded'
    | 'retrying'
  escrowId: string
  detail?: string
  /** Of `failed`: what the skill threw, for your own log; it reaches nobody else. */
  error?: unknown
}

/** The part of a seller that works. */
export interface Work extends Begun {
  /**
   * Begins the work of a message, or joins it where it runs: the answer comes when it is done. The oracle is
   * not asked whether it knows the pact where `isWitnessed` says that it has just told so.
   */
  begin(message: WorkMessage, isWitnessed?: boolean): Promise<ResponseMessage>
  /** Whether the work of a message would begin now, without beginning it. */
  admit(message: WorkMessage): Promise<Admission>
  /** Continues everything that was begun and has not ended; resolves when all is under way. */
  resume(): Promise<void>
  /** Waits until nothing is under way. */
  settled(): Promise<void>
  stop(): void
}

/** Milliseconds at least between two looks for a delivery while the oracle would say that it stands. */
const HEARD = 2_000

/** Works: nothing reaches a skill but through the gate, and each escrow once. */
export function createWork(options: WorkOptions): Work {
  const { identity, client, oracle, negotiator, store, clock, witnesses = [] } = options
  const { maxRevisions = 1, refundOnFailure = true, onEvent = () => {} } = options
  const skills = new Map(options.skills.map((skill) => [skill.id, skill]))
  const running = new Map<string, Promise<ResponseMessage>>()
  const stopped = new AbortController()
  const atGate = createGate({ client, witnesses, oracle, negotiator, store })
  const book = createJobBook(store)
  const jobs: JobBook = { ...book, advance: note }
  const hints = options.hints ?? createHints({ oracle, agent: identity.did })

  async function admit(message: WorkMessage, isWitnessed = false): Promise<Admission> {
    const admission = await atGate(message, isWitnessed)
    if ('why' in admission && admission.why === 'unknown' && 'reasonCode' in admission.refusal) {
      // A lock that is not final yet is no fault; an RPC or oracle that cannot be asked is one to mend.
      const { reasonCode: detail = '' } = admission.refusal
      const { escrowId } = message
      if (detail !== 'escrow_not_locked') onEvent({ type: 'retrying', escrowId, detail })
    }
    return admission
  }

  async function begin(message: WorkMessage, isWitnessed = false): Promise<ResponseMessage> {
    const { escrowId } = message
    return await under(escrowId, async () => {
      const known = await jobs.read(escrowId)
      if (known?.response) return known.response
      if (known !== undefined && known.pactId === message.pactId) return await carryOut(known)
      const admission = await admit(message, isWitnessed)
      if ('refusal' in admission) return admission.refusal
      const job: JobRecord = {
        escrowId,
        pactId: message.pactId,
        milestone: message.milestone ?? 0,
        state: 'accepted',
        nonce: crypto.randomUUID(),
        startedAt: clock.now(),
        draft: null,
        submission: null,
        response: null,
      }
      return await carryOut(await jobs.advance(undefined, job))
    })
  }

  /** One run for each escrow; who comes later joins it. */
  async function under(
    escrowId: string,
    work: () => Promise<ResponseMessage>,
  ): Promise<ResponseMessage> {
    const known = running.get(escrowId)
    if (known !== undefined) return await known
    const run = work()
    running.set(escrowId, run)
    try {
      return await run
    } finally {
      running.delete(escrowId)
    }
  }

  async function carryOut(start: JobRecord): Promise<ResponseMessage> {
    let job = start
    const agreed = await negotiator.agreed(job.pactId)
    if (agreed === undefined) {
      return {
        status: 'declined',
        reasonCode: 'unknown_pact',
        reason: 'We have not signed this pact',
      }
    }
    const { pact } = agreed.signed
    const skill = skills.get(pact.capability)
    const escrowId = job.escrowId as `0x${string}`
    onEvent({ type: 'started', escrowId })
    let response: ResponseMessage
    try {
      if (skill === undefined) throw new EarnestError('unknown_capability', 'No such skill')
      if (job.state === 'accepted') {
        const draft = await produce(job, pact, skill)
        job = await jobs.advance(job, { ...job, state: 'drafted', draft })
      }
      if (job.response !== null) return job.response
      response = await deliver(job, pact)
      onEvent({ type: 'delivered', escrowId })
    } catch (error) {
      if (stopped.signal.aborted) throw error
      response = await fail(job, pact, error)
    }
    // Where this cannot be written down the job stays open; what was delivered is no failure for that.
    return await jobs.end(escrowId, response)
  }

  /** The oracle's events wake it, so that it looks when there is something to see. */
  async function deliver(job: JobRecord, pact: Pact): Promise<ResponseMessage> {
    const escrowId = job.escrowId as `0x${string}`
    const follower = hints.follow(escrowId)
    const { signal } = stopped
    try {
      return await handIn(job, pact, {
        identity,
        client,
        oracle,
        clock,
        jobs,
        async rest(shortest, isTaken) {
          const milliseconds =
            isTaken && follower.stream() !== 0 ? Math.max(shortest, HEARD) : shortest
          const over = new AbortController()
          const isOver = AbortSignal.any([signal, over.signal])
          try {
            await Promise.race([follower.wait(milliseconds), pause(milliseconds, isOver)])
          } finally {
            over.abort()
          }
        },
        onTaken: (result) => onEvent({ type: 'submitted', escrowId, detail: result }),
        onRetry: (code) => onEvent({ type: 'retrying', escrowId, detail: code }),
      })
    } finally {
      follower.leave()
    }
  }

  /** What was made for a job is not given up because it could not be written down: it is written until it stands. */
  async function note(before: JobRecord | undefined, next: JobRecord): Promise<JobRecord> {
    for (let wait = 500; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        return await book.advance(before, next)
      } catch (error) {
        // What was never begun is begun by the next look.
        if (isEarnestError(error) || before === undefined) throw error
        const escrowId = next.escrowId as `0x${string}`
        onEvent({ type: 'retrying', escrowId, detail: 'store_failed' })
      }
      await pause(wait, stopped.signal)
    }
  }

  async function produce(
    { escrowId, milestone }: JobRecord,
    pact: Pact,
    skill: Skill,
  ): Promise<Draft> {
    const { deadlineUtc } = milestoneOf(pact, milestone)
    const startedAt = clock.now()
    const job: Job = {
      pact,
      milestone,
      escrowId: escrowId as `0x${string}`,
      taskType: pact.capability,
      // What both signed; a message, whoever sent it, changes nothing about the work.
      input: pact.input,
      notes: async () => (await options.notes?.(escrowId)) ?? [],
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
    return draftOf(files, {
      selfAuditScore: Math.min(1, Math.max(0, found.score)),
      latencyMs: Math.max(0, clock.now() - startedAt) * 1000,
    })
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
    onEvent({ type: 'failed', escrowId, detail: reasonCode, error })
    await oracle
      .call('reportFailure', {
        params: { pactId },
        body: { escrowId, failureCode: failureCodeOf(reasonCode), failureReason: reason },
      })
      .catch(() => {})
    if (refundOnFailure) await giveBack(pact, milestone)
    return { status: 'execution_failed', pactId, escrowId, reasonCode, reason }
  }

  /** Refunds as soon as the chain can be reached; from the deadline on anybody gives the money back. */
  async function giveBack(pact: Pact, milestone: number): Promise<void> {
    const escrow = escrowOfPact({ pact, milestone })
    const { deadlineUtc } = milestoneOf(pact, milestone)
    for (let wait = 500; clock.now() < deadlineUtc; wait = Math.min(wait * 2, 30_000)) {
      try {
        const { state } = await readEscrow(client, escrow)
        if (state !== 'Funded') return
        await refund(client, { escrow, relay: relayOf(oracle) })
        onEvent({ type: 'refunded', escrowId: escrow.escrowId })
        return
      } catch (error) {
        if (!isEarnestError(error) || !error.retryable) return
        onEvent({ type: 'retrying', escrowId: escrow.escrowId, detail: error.code })
      }
      await pause(wait, stopped.signal)
    }
  }

  return {
    begin,
    admit,
    async knows(escrowId) {
      return (await jobs.read(escrowId)) !== undefined
    },
    async resume() {
      for (const escrowId of await jobs.open()) {
        if (running.has(escrowId)) continue
        const continued = under(escrowId, async () => {
          // Read under the run: it may have ended since it was listed, and what has ended stays so.
          const job = await jobs.read(escrowId)
          if (job === undefined) throw new EarnestError('store_corrupt', 'The job is gone')
          return job.response ?? (await carryOut(job))
        })
        void continued.catch(() => {})
      }
    },
    running: () => [...running.keys()],
    async settled() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
    stop: () => stopped.abort(new EarnestError('stopped', 'The seller stops', { retryable: true })),
  }
}
