import { setTimeout as pause } from 'node:timers/promises'
import {
  type AnchorRecord,
  type Clock,
  type Did,
  EarnestError,
  isEarnestError,
} from '@earnest/sdk/protocol'
import type { Hex, LocalAccount } from 'viem'
import { watchHeartbeats } from './discovery/heartbeat.ts'
import { announce } from './escrow/announce.ts'
import { watchBonds } from './escrow/bond.ts'
import type { Chain } from './escrow/chain.ts'
import { watchCovers } from './escrow/cover.ts'
import { createSteps, watchFunders } from './escrow/funder.ts'
import { createIndexer, type Head, type Indexer } from './escrow/indexer.ts'
import { endRecourses, fireTimers } from './escrow/keeper.ts'
import { createNews, type News } from './escrow/news.ts'
import { readPlaces } from './escrow/place.ts'
import { RELAY_BUDGET, type RelayBudget } from './escrow/relayBudget.ts'
import { createSubmitter, type Submitter } from './escrow/submitter.ts'
import { forgetOffers, OFFER_SECONDS } from './negotiation/offer.ts'
import { probeSellers } from './negotiation/probe/probe.ts'
import { dropAnchor } from './settlement/anchor/drop.ts'
import { createEvmAnchor } from './settlement/anchor/evm.ts'
import { attestDelivery, type Check, processCompletion } from './settlement/attest.ts'
import { type Attestors, createAttestors } from './settlement/attestor.ts'
import { type Blobs, createBlobs } from './settlement/blob.ts'
import type { BlobStore } from './settlement/blobstore/blobstore.ts'
import { createCheck } from './settlement/check.ts'
import { type Court, createCourts } from './settlement/committee/court.ts'
import { planPool } from './settlement/committee/pool.ts'
import { tendDockets } from './settlement/committee/tend.ts'
import { watchDockets } from './settlement/committee/watch.ts'
import { whatIsDue } from './settlement/due.ts'
import { createExamTime, type ExamTime } from './settlement/examTime.ts'
import { createProbeBook } from './settlement/jury/book.ts'
import { createJury, type Jury } from './settlement/jury/jury.ts'
import type { Juror } from './settlement/jury/roster.ts'
import { sit } from './settlement/jury/sit.ts'
import { deliverNotices } from './settlement/notify/deliver.ts'
import type { SendMail } from './settlement/notify/mail.ts'
import { remind } from './settlement/notify/remind.ts'
import { assemblePackage } from './settlement/package.ts'
import { recordRecourses } from './settlement/recourse.ts'
import { sweepBlobs } from './settlement/retention.ts'
import { recordSettlements } from './settlement/settle.ts'
import { hearSpot } from './settlement/spot/hear.ts'
import { pickSpots } from './settlement/spot/pick.ts'
import { NO_SPOTS, type SpotPolicy } from './settlement/spot/rate.ts'
import { createExaminer, type Examiner } from './settlement/verify/examiner.ts'
import { createGuardedFetch, type TestFetch } from './settlement/verify/guardedFetch.ts'
import { type Bell, createBell } from './store/bell.ts'
import type { Context } from './store/context.ts'
import { createEnvelope, type Envelope } from './store/envelope.ts'
import { forget } from './store/forget.ts'
import { lastEvent } from './store/journal.ts'
import { dropLease, type Lease, takeLease } from './store/lease.ts'
import type { Job } from './store/queue.ts'
import type { Signer } from './store/signer.ts'
import type { Store } from './store/store.ts'
import { createWorker } from './store/worker.ts'
import { createTrust, type Trust } from './trust/answer.ts'
import { type Reach, tendImports } from './trust/bring.ts'
import { forgetCredentials } from './trust/issue.ts'
import { publishDay, publishScores } from './trust/publish.ts'

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
  signer: Signer
  /** Attestor keys that this process holds. */
  attestors: readonly LocalAccount[]
  /** 32 bytes that seal every artifact at rest. */
  artifactKey: Uint8Array
  /** Where the sealed bytes lie; without it in rows beside everything else. */
  blobStore?: BlobStore
  /** Pre-trusted agents of the trust model. */
  seeds?: readonly Did[]
  /** Base units that a newcomer without a bond may have open in all. */
  newcomerCap?: bigint
  /** Oracles whose credentials count here, and how much (0..1); default: none. */
  issuers?: ReadonlyMap<Did, number>
  /** Seconds between two anchors of the event root on the chain; default: none is made. */
  anchorSeconds?: number
  /** Seconds for which an offer to a person may stand; default: 30 days. */
  offerSeconds?: number
  /** Sellers that are asked for work in an hour, to measure their replies, by all processes together; default: none. */
  probes?: { perHour: number /** Milliseconds that never go back. */; monotonic: () => number }
  /** Milliseconds between two looks at the chain. */
  pollMs?: number
  /** Gas that this oracle pays for others. */
  relayBudget?: Partial<RelayBudget>
  /** CPU seconds an hour on which the examiner looks at what one agent hands in. */
  examinerSeconds?: number
  /** Reaches the services that HTTP criteria test; without it they stay undecided. */
  fetch?: TestFetch
  /** Sends notices to people's mailboxes; without it none can be subscribed. */
  mail?: SendMail
  /** The judges of the ladder's first rung; without keys they do not sit, and the ladder goes on. */
  jury?: readonly Juror[]
  /** How much of what passed the jury looks at; without it nothing. */
  spots?: SpotPolicy
  log?: Log
}

/** A wired oracle: the pipeline from chain to store to chain, and what HTTP needs of it. */
export type Oracle = Context & {
  /** The key of each webhook. */
  webhookKey: Signer['webhookKey']
  mail: SendMail | undefined
  chain: Chain
  attestors: Attestors
  submitter: Submitter
  check: Check
  trust: Trust
  indexer: Indexer
  blobs: Blobs
  examiner: Examiner
  examTime: ExamTime
  relayBudget: RelayBudget
  /** Oracles whose credentials count here, and how much. */
  issuers: ReadonlyMap<Did, number>
  /** Reads the status of a credential where its issuer keeps it. */
  reach: Reach
  /** How spot checks are made. */
  spots: SpotPolicy
  /** Who judges, for how much at least. */
  judges: Jury['judges']
  /** Seconds for which an offer may stand. */
  offerSeconds: number
  /** Seals the answers that are kept for whoever repeats a write. */
  answers: Envelope
  /** Rings when there is a new event or new work. */
  bell: Bell
  /** Word of what the index wrote about an escrow. */
  news: News
  /** Starts the loops; they run until `stop`. */
  start(): void
  /** Ends the loops, waits for what is under way and closes the store. */
  stop(): Promise<void>
  /** One look at the chain and everything that follows from it, if this process holds or gets the lease. */
  follow(): Promise<Head | undefined>
  /** Reads who funded whom, as far as the chain is sure; only where this process indexes. */
  seekFunders(): Promise<void>
  /** Asks issuers whether what was brought still holds; how many imports were moved on or ended. */
  tendImports(): Promise<number>
  /** Puts the event root on the chain if that is due; the anchor that is new or found its place. */
  anchorRoot(): Promise<AnchorRecord | undefined>
  /** Works off what is due now; how many jobs were taken. */
  work(): Promise<number>
  /** Tells every subscriber what is due; how many deliveries were tried. */
  notify(): Promise<number>
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
/** Seconds that a judge has for one question. */
const JUDGE_SECONDS = 40
/** Seconds between two looks at whether a committee pool is due. */
const PLANNING_SECONDS = 60
/** Looks at the chain between two looks at a case that is not ripe. */
const RIPENING_LOOKS = 15
/** Seconds of failing steps after which this process does not know who was silent. */
const DEAF_SECONDS = 120
/** Seconds between two looks at who funded whom. */
const FUNDERS_SECONDS = 10
/** Milliseconds between two looks at what was brought from other oracles. */
const IMPORTS_REST_MS = 60_000
/** Milliseconds between two looks at whether an anchor is due or has its place. */
const ANCHOR_REST_MS = 5_000
/** Milliseconds between two looks at which seller is to be measured. */
const PROBE_REST_MS = 30_000
/** Work that waits for somebody, each job under its own key. */
const QUEUES = ['complete', 'attest', 'dispute', 'jury', 'spot', 'submit']

const isCompletion = ({ queue, key }: Job) => queue === 'submit' && key.startsWith('complete/')

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
  const news = createNews()
  const indexer = createIndexer({ db, signer, chain })
  const submitter = createSubmitter({ db, chain, clock })
  const attestors = createAttestors({ chain, accounts: options.attestors, clock })
  const blobs = createBlobs({ db, masterKey: options.artifactKey, store: options.blobStore })
  const examiner = createExaminer()
  const examTime = createExamTime({ db, clock, seconds: options.examinerSeconds })
  const check = createCheck({
    db,
    blobs,
    clock,
    examiner,
    fetch: options.fetch,
  })
  const onSettled = recordSettlements({ signer, chain })
  const courts = createCourts(chain.client, chain.arbiters)
  const trust = createTrust({
    ...context,
    seeds: options.seeds ?? [],
    newcomerCap: options.newcomerCap,
  })
  const attesting = { ...context, chain, attestors, check }
  const jury = createJury({
    roster: options.jury ?? [],
    probes: createProbeBook(db),
    clock,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    timeoutMs: JUDGE_SECONDS * 1000,
  })
  const sitting = { ...context, chain, attestors, blobs, jury }
  const policy = options.spots ?? NO_SPOTS
  const sending = {
    ...context,
    webhookKey: signer.webhookKey,
    fetch: options.fetch ?? createGuardedFetch(),
    mail: options.mail,
  }
  const issuers = options.issuers ?? new Map<Did, number>()
  const anchoring = options.anchorSeconds && {
    anchor: createEvmAnchor({ db, chain, clock }),
    interval: options.anchorSeconds,
  }
  const worker = createWorker({
    db,
    queues: QUEUES,
    prepare: gather,
    handle,
    // A node that is away for hours costs no transaction: what the chain itself refuses is counted there.
    isPatient: ({ queue }) => queue === 'submit',
    onFailure: ({ queue, key }, failure) => log?.warn({ queue, key, ...failure }, 'job failed'),
  })
  const pollMs = options.pollMs ?? 1000
  const stopping = new AbortController()
  let loops: Promise<unknown> = Promise.resolve()
  let lease: Lease | undefined
  let head: Head | undefined
  let caughtUp = false
  const failures = new Map<string, string>()
  let sweptAt = 0
  const steps = createSteps()
  let hearingSince = clock.now()
  let brokenAt: number | undefined
  let plannedAt = 0

  const oracle: Oracle = {
    ...context,
    webhookKey: signer.webhookKey,
    mail: options.mail,
    chain,
    attestors,
    submitter,
    check,
    trust,
    indexer,
    blobs,
    examiner,
    examTime,
    relayBudget: { ...RELAY_BUDGET, ...options.relayBudget },
    issuers,
    reach: sending.fetch,
    spots: policy,
    judges: jury.judges,
    offerSeconds: options.offerSeconds ?? OFFER_SECONDS,
    answers: createEnvelope(options.artifactKey, 'answer'),
    bell,
    news,
    start() {
      if (options.probes) void loop('probe', probeStep(options.probes))
      loops = Promise.all([
        loop('follow', followStep),
        loop('funders', fundersStep),
        loop('imports', importsStep),
        loop('anchor', anchorStep),
        loop('work', workStep),
        loop('notify', notifyStep),
        loop('listen', listenStep()),
      ])
    },
    async stop() {
      stopping.abort()
      bell.ring()
      await loops
      if (lease) await dropLease(db, lease)
      await examiner.close()
      await store.close()
    },
    follow,
    seekFunders,
    anchorRoot,
    tendImports: () => tendImports({ ...context, issuers, reach: sending.fetch }),
    work: async () => (await worker.work()).taken,
    notify: () => deliverNotices(sending),
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
    let isNews = false
    for (let more = true; more && !stopping.signal.aborted; ) {
      const step = await indexer.step(lease)
      head = step.head
      more = step.more
      isNews ||= step.changed.length > 0
      news.tell(step.changed)
      if (more)
        lease = (await takeLease(db, { name: 'indexer', holder, seconds: LEASE_SECONDS })) ?? lease
    }
    caughtUp = true
    if (!head) return undefined
    const latest = head.number
    const places = await readPlaces(db, latest)
    const told = places.awaits
      ? await announce({ db, signer, chain, lease, latest, onSettled })
      : []
    news.tell(told)
    await watchBonds({ db, signer, chain, lease, latest, place: places.vault })
    const found = await courts()
    await watchDockets({ ...context, chain, courts: found, lease, latest, place: places.docket })
    const acted = await act(lease, found, latest)
    if (clock.now() >= sweptAt + 10) {
      sweptAt = clock.now()
      // What failed here for minutes may have kept heartbeats out; nobody is silent for that.
      if (brokenAt !== undefined && clock.now() - brokenAt >= DEAF_SECONDS) {
        hearingSince = clock.now()
      }
      await watchHeartbeats(context, hearingSince)
      await remind(context)
      await forget(context)
      await forgetOffers(context)
      await forgetCredentials(context)
      await sweepBlobs({ ...context, blobs })
      await watchCovers({ db, signer, clock, lease })
      await pickSpots({ ...context, chain, policy, lease, latest: head.number })
      await publishDay({ ...context, trust, lease })
    }
    if (clock.now() >= plannedAt + PLANNING_SECONDS) {
      plannedAt = clock.now()
      await planNextPool(found)
    }
    const scored = await publishScores({ ...context, trust, lease })
    if (isNews || told.length + acted + scored > 0) bell.ring()
    return head
  }

  /** Does what is due now; how much that was. */
  async function act(lease: Lease, courts: readonly Court[], latest: number): Promise<number> {
    const now = clock.now()
    const due = await whatIsDue(db, { now, latest })
    const recorded = due.endings ? await recordRecourses({ db, signer, chain, lease, latest }) : 0
    const fired = due.timers ? await fireTimers(db, now) : []
    const ended = due.recourses ? await endRecourses(db, now) : []
    const tended = due.cases ? await tendDockets({ db, chain, courts, now, latest }) : []
    return recorded + fired.length + ended.length + tended.length
  }

  /** A bench that cannot be planned now, for want of keys say, holds up nothing else. */
  async function planNextPool(found: readonly Court[]): Promise<void> {
    try {
      await planPool({ ...context, chain, courts: found, attestors, trust })
    } catch (error) {
      if (!isEarnestError(error)) throw error
      log?.warn({ code: error.code }, 'no pool was planned')
    }
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

  /** What is due together goes in one transaction; what keeps it from that, each says for itself. */
  async function gather(jobs: readonly Job[]): Promise<void> {
    const completions = jobs.filter(isCompletion)
    if (completions.length < 2) return
    await submitter.gather(completions.map(({ key }) => key)).catch(() => {})
  }

  /** Does one job; seconds after which it wants to be looked at again, undefined when it is done. */
  async function handle(job: Job, gathered: Promise<void>): Promise<number | undefined> {
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
        await assemblePackage({ ...context, blobs }, payload)
        return undefined
      case 'jury': {
        const wait = await sit(sitting, payload)
        if (wait === undefined) bell.ring()
        return wait === undefined ? undefined : Math.min(wait, (RIPENING_LOOKS * pollMs) / 1000)
      }
      case 'spot':
        await hearSpot({ ...context, blobs, jury, policy }, payload)
        bell.ring()
        return undefined
      case 'submit':
        if (isCompletion(job)) await gathered
        return (await submitter.advance(payload.key)).again
      default:
        throw new EarnestError('unknown_queue', job.queue)
    }
  }

  async function followStep(): Promise<void> {
    await follow()
    // Much that happens at once is one look.
    await rest(Math.min(pollMs, 100))
    await bell.wait(Math.max(0, pollMs - 100), stopping.signal)
  }

  /** Apart from following: a slow answer to a wide question delays no announcement. */
  async function fundersStep(): Promise<void> {
    await seekFunders()
    await rest(FUNDERS_SECONDS * 1000)
  }

  async function seekFunders(): Promise<void> {
    while (lease && !stopping.signal.aborted) {
      if (!(await watchFunders({ db, signer, chain, lease, steps }))) return
    }
  }

  /** Apart from following: an issuer may be slow to answer. Without the lease another process asks. */
  async function importsStep(): Promise<void> {
    if (lease) await oracle.tendImports()
    await rest(IMPORTS_REST_MS)
  }

  async function anchorRoot() {
    if (!anchoring || !lease) return undefined
    return dropAnchor({ ...context, trust, lease, ...anchoring })
  }

  /** Apart from following: a chain that takes no anchor holds up nothing else. */
  async function anchorStep(): Promise<void> {
    await anchorRoot()
    await rest(ANCHOR_REST_MS)
  }

  async function workStep(): Promise<void> {
    const rung = bell.rings()
    const { isMore } = await worker.work()
    // What was done has rung where it makes more to do.
    if (isMore || bell.rings() !== rung) return
    await bell.wait(Math.min(pollMs, 200), stopping.signal)
  }

  /** Apart from the work: a subscriber that does not answer holds up nothing else. */
  async function notifyStep(): Promise<void> {
    if ((await deliverNotices(sending)) > 0) return
    await bell.wait(pollMs, stopping.signal)
    await rest(Math.min(pollMs, 100))
  }

  /** Apart from everything else, since a seller may take minutes; nobody waits for it to stop. */
  function probeStep({ perHour, monotonic }: NonNullable<OracleOptions['probes']>) {
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const { fetch } = sending
    return async () => {
      const probing = { ...context, fetch, probesPerHour: perHour, random, monotonic }
      await probeSellers(probing, stopping.signal)
      await rest(PROBE_REST_MS)
    }
  }

  /** Ends early when the oracle stops. */
  async function rest(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: stopping.signal }).catch(() => {})
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
        if (name === 'follow') brokenAt = undefined
      } catch (error) {
        const code = isEarnestError(error) ? error.code : 'internal'
        failures.set(name, code)
        if (name === 'follow') brokenAt ??= clock.now()
        if (!stopping.signal.aborted) log?.warn({ name, code, error: String(error) }, 'step failed')
        await bell.wait(pollMs, stopping.signal)
      }
    }
  }
}
