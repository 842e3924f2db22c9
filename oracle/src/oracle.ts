import { type Clock, EarnestError, type Identity, isEarnestError } from '@earnest/sdk/protocol'
import type { Hex, LocalAccount } from 'viem'
import { watchHeartbeats } from './discovery/heartbeat.ts'
import { announce } from './escrow/announce.ts'
import { watchBonds } from './escrow/bond.ts'
import type { Chain } from './escrow/chain.ts'
import { createIndexer, type Head, type Indexer } from './escrow/indexer.ts'
import { fireTimers } from './escrow/keeper.ts'
import { createSubmitter, type Submitter } from './escrow/submitter.ts'
import { attestDelivery, type Check, processCompletion } from './settlement/attest.ts'
import { type Attestors, createAttestors } from './settlement/attestor.ts'
import { createCheck } from './settlement/check.ts'
import { createProbeBook } from './settlement/jury/book.ts'
import { createJury } from './settlement/jury/jury.ts'
import type { Juror } from './settlement/jury/roster.ts'
import { sit } from './settlement/jury/sit.ts'
import { assemblePackage } from './settlement/package.ts'
import { recordSettlements } from './settlement/settle.ts'
import type { TestFetch } from './settlement/verify/guardedFetch.ts'
import { type Bell, createBell } from './store/bell.ts'
import type { Context } from './store/context.ts'
import { forget } from './store/forget.ts'
import { lastEvent } from './store/journal.ts'
import { dropLease, type Lease, takeLease } from './store/lease.ts'
import { claim, finish, type Job, retry } from './store/queue.ts'
import type { Store } from './store/store.ts'
import { createTrust, type Trust } from './trust/answer.ts'

/** Where an operator reads what happens; a pino logger fits. */
export type Log = {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export type OracleOptions = {
  store: Store
  chain: Chain
  clock: Clock
  /** The oracle's own key. */
  signer: Identity
  /** Attestor keys that this process holds. */
  attestors: readonly LocalAccount[]
  /** 32 bytes that seal every artifact at rest. */
  artifactKey: Uint8Array
  /** Pre-trusted agents of the trust model. */
  seeds?: readonly string[]
  /** Milliseconds between two looks at the chain. */
  pollMs?: number
  /** Gas that one agent may have relayed in a day. */
  relayGasPerDay?: bigint
  /** Reaches the services that HTTP criteria test; without it they stay undecided. */
  fetch?: TestFetch
  /** The judges of the ladder's first rung; without keys they do not sit, and the ladder goes on. */
  jury?: readonly Juror[]
  log?: Log
}

/** A wired oracle: the pipeline from chain to store to chain, and what HTTP needs of it. */
export type Oracle = Context & {
  chain: Chain
  attestors: Attestors
  submitter: Submitter
  check: Check
  trust: Trust
  indexer: Indexer
  artifactKey: Uint8Array
  relayGasPerDay: bigint
  /** Rings when there is a new event or new work. */
  bell: Bell
  /** Starts the loops; they run until `stop`. */
  start(): void
  /** Ends the loops, waits for what is under way and closes the store. */
  stop(): Promise<void>
  /** One look at the chain and everything that follows from it, if this process holds or gets the lease. */
  follow(): Promise<Head | undefined>
  /** Works off what is due now; how many jobs were taken. */
  work(): Promise<number>
  /** What the loops last saw. */
  status(): {
    head: Head | undefined
    leader: boolean
    /** The index was at the head of the chain at least once. */
    following: boolean
    error: string | undefined
  }
}

/** Seconds for which one process holds the indexer before another may take over. */
const LEASE_SECONDS = 10
/** Seconds in which a job has to be done before another process takes it. */
const JOB_SECONDS = 120
/** Seconds that a judge has for one question; with its retry within the time of a job. */
const JUDGE_SECONDS = 40
/** Seconds after which a case that is not ripe is looked at again. */
const RIPENING_SECONDS = 15
/** Tries after which a job that cannot succeed is left to the operator. */
const MAX_ATTEMPTS = 30

/**
 * Wires the stages: chain -> indexer -> reducer -> store and events -> verify, attest, settle ->
 * submit. Several processes may do this over one store.
 */
export function createOracle(options: OracleOptions): Oracle {
  const { store, chain, clock, signer, log } = options
  const { db } = store
  const context: Context = { db, signer, clock }
  const holder = crypto.randomUUID()
  const bell = createBell()
  const indexer = createIndexer({ db, signer, chain })
  const submitter = createSubmitter({ db, chain })
  const attestors = createAttestors({ chain, accounts: options.attestors, clock })
  const check = createCheck({
    db,
    masterKey: options.artifactKey,
    clock,
    fetch: options.fetch,
  })
  const onSettled = recordSettlements({ signer, chain })
  const attesting = { ...context, chain, attestors, check }
  const jury = createJury({
    roster: options.jury ?? [],
    probes: createProbeBook(db),
    clock,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    timeoutMs: JUDGE_SECONDS * 1000,
  })
  const sitting = { ...context, chain, attestors, masterKey: options.artifactKey, jury }
  const pollMs = options.pollMs ?? 1000
  const stopping = new AbortController()
  let loops: Promise<unknown> = Promise.resolve()
  let lease: Lease | undefined
  let head: Head | undefined
  let caughtUp = false
  const failures = new Map<string, string>()
  let sweptAt = 0

  const oracle: Oracle = {
    ...context,
    chain,
    attestors,
    submitter,
    check,
    trust: createTrust({ ...context, seeds: options.seeds ?? [] }),
    indexer,
    artifactKey: options.artifactKey,
    relayGasPerDay: options.relayGasPerDay ?? 20_000_000n,
    bell,
    start() {
      loops = Promise.all([
        loop('follow', followStep),
        loop('work', workStep),
        loop('listen', listenStep()),
      ])
    },
    async stop() {
      stopping.abort()
      bell.ring()
      await loops
      if (lease) await dropLease(db, lease)
      await store.close()
    },
    follow,
    work,
    status: () => ({
      head,
      leader: lease !== undefined,
      following: caughtUp,
      error: failures.values().next().value,
    }),
  }
  return oracle

  async function follow(): Promise<Head | undefined> {
    lease = await takeLease(db, { name: 'indexer', holder, seconds: LEASE_SECONDS })
    if (!lease) return followOther()
    for (let more = true; more && !stopping.signal.aborted; ) {
      const step = await indexer.step(lease)
      head = step.head
      more = step.more
      if (more)
        lease = (await takeLease(db, { name: 'indexer', holder, seconds: LEASE_SECONDS })) ?? lease
    }
    caughtUp = true
    if (!head) return undefined
    await announce({ db, signer, chain, lease, latest: head.number, onSettled })
    await watchBonds({ db, signer, chain, lease, latest: head.number })
    await fireTimers(db, clock.now())
    if (clock.now() >= sweptAt + 10) {
      sweptAt = clock.now()
      await watchHeartbeats(context)
      await forget(context)
    }
    bell.ring()
    return head
  }

  /** Another process indexes; this one serves what it finds. */
  async function followOther(): Promise<undefined> {
    const row = await db
      .selectFrom('block')
      .selectAll()
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!row) return undefined
    caughtUp = true
    head = { number: row.number, hash: row.hash as Hex, timestamp: row.timestamp }
  }

  async function work(): Promise<number> {
    const queues = ['complete', 'attest', 'dispute', 'jury', 'submit']
    const jobs = await claim(db, { queues, limit: 16, leaseSeconds: JOB_SECONDS })
    await Promise.all(jobs.map(run))
    return jobs.length
  }

  async function run(job: Job): Promise<void> {
    try {
      const again = await handle(job)
      if (again === undefined) await finish(db, job)
      else await retry(db, job, { error: '', delaySeconds: again })
    } catch (error) {
      const code = isEarnestError(error) ? error.code : 'internal'
      const hopeless = isEarnestError(error) && !error.retryable
      const delaySeconds =
        hopeless || job.attempts >= MAX_ATTEMPTS ? undefined : Math.min(60, 2 ** job.attempts / 4)
      log?.warn({ queue: job.queue, key: job.key, code, error: String(error) }, 'job failed')
      await retry(db, job, { error: `${code}: ${String(error)}`, delaySeconds })
    }
  }

  /** Does one job; seconds after which it wants to be looked at again, undefined when it is done. */
  async function handle(job: Job): Promise<number | undefined> {
    const payload = JSON.parse(job.payload) as { escrowId: Hex; round: number; key: string }
    switch (job.queue) {
      case 'complete':
        await processCompletion(attesting, payload)
        bell.ring()
        return undefined
      case 'attest':
        if (await attestDelivery(attesting, payload)) bell.ring()
        return undefined
      case 'dispute':
        await assemblePackage({ ...context, masterKey: options.artifactKey }, payload)
        return undefined
      case 'jury': {
        const wait = await sit(sitting, payload)
        if (wait === undefined) bell.ring()
        return wait === undefined ? undefined : Math.min(wait, RIPENING_SECONDS)
      }
      case 'submit': {
        const status = await submitter.advance(payload.key)
        return status === 'signed' ? 1 : status === 'queued' ? 0 : undefined
      }
      default:
        throw new EarnestError('unknown_queue', job.queue)
    }
  }

  async function followStep(): Promise<void> {
    await follow()
    await bell.wait(pollMs, stopping.signal)
  }

  async function workStep(): Promise<void> {
    if ((await work()) === 0) await bell.wait(Math.min(pollMs, 200), stopping.signal)
  }

  /** Rings for events that another process wrote. */
  function listenStep(): () => Promise<void> {
    let last = -1
    return async () => {
      const newest = await lastEvent(db)
      if (newest !== last) bell.ring()
      last = newest
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async function loop(name: string, step: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await step()
        failures.delete(name)
      } catch (error) {
        const code = isEarnestError(error) ? error.code : 'internal'
        failures.set(name, code)
        if (!stopping.signal.aborted) log?.warn({ name, code, error: String(error) }, 'step failed')
        await bell.wait(pollMs, stopping.signal)
      }
    }
  }
}
