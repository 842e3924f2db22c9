import { setTimeout as sleep } from 'node:timers/promises'
import { type Pact, parseUsdc, signedPactSchema } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import type { Db } from '../../store/store.ts'
import { LONGEST_WAIT_MS, type ProbeFetch, readPromise, timeReply } from './measure.ts'
import { bidOf, lookOf, messageOf, type Random, strangerOf } from './stranger.ts'

/** Sellers that one process asks at once. */
const AT_ONCE = 4
/** Seconds by the database's clock after which a probe that never ended may be begun again. */
const LEASE_SECONDS = 2 * (LONGEST_WAIT_MS / 1000)
/** Seconds between two probes of one seller: at least, and by chance up to as much again and more. */
const LEAST_PAUSE = 6 * 3600
const SPREAD = 36 * 3600
/** Seconds in which a seller must have been alive, or have signed, to be asked. */
const ALIVE = 3600
const TRADING = 30 * 86_400
/** The rule by which a reply is marked; in every record, so that another rule is another version. */
const RULE = 'reply-time/1'

/** What measuring sellers needs. */
export type Probing = Context & {
  fetch: ProbeFetch
  /** Probes of all processes together; 0: none. */
  probesPerHour: number
  random: Random
  monotonic: () => number
}

type Due = { did: string; wallet: string; registration: string }

/**
 * Asks sellers for work as a stranger would and measures how long a reply takes, against what their own
 * card promises; a later one, or none, lowers latency like any observation (DIS-11). Each seller at a time
 * of chance, so many in an hour over all processes of one database, and only who lately traded or says that
 * it is alive. A seller whose card cannot be read, or promises nothing, is not measured: what lies between us
 * and it is no answer of its.
 * @returns how many replies were measured.
 */
export async function probeSellers(context: Probing, stop?: AbortSignal): Promise<number> {
  const due = await claimDue(context)
  const marks = await Promise.all(due.map((seller) => probeOne(context, seller, stop)))
  return marks.filter(Boolean).length
}

/** Of two processes one gets a seller, and both count against one budget. */
async function claimDue({ db, clock, probesPerHour, random }: Probing): Promise<Due[]> {
  if (probesPerHour <= 0) return []
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(PROBE_LOCK)})`.execute(tx)
    const { recent } = await tx
      .selectFrom('reply_probe')
      .select((eb) => eb.fn.countAll<number>().as('recent'))
      .where('begun_at', '>', now - 3600)
      .executeTakeFirstOrThrow()
    const { rows } = await sql<Due>`
      select agent.did, agent.wallet, agent.registration
      from agent left join reply_probe as probe on probe.did = agent.did
      where (probe.next_at is null or probe.next_at <= ${now})
        and (probe.leased_until is null or probe.leased_until <= clock_timestamp())
        and (agent.heartbeat_at > ${now - ALIVE} or exists (
          select 1 from pact where pact.seller_did = agent.did
            and pact.registered_at > ${now - TRADING}))
      order by probe.next_at nulls first, agent.did
      limit ${Math.max(0, Math.min(AT_ONCE, probesPerHour - recent))}`.execute(tx)
    for (const { did } of rows) {
      const lease = sql<Date>`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`
      const next_at = now + LEAST_PAUSE + Math.floor(chance(random) * SPREAD)
      const row = { did, next_at, begun_at: now, leased_until: lease }
      await tx
        .insertInto('reply_probe')
        .values(row)
        .onConflict((conflict) => conflict.column('did').doUpdateSet(row))
        .execute()
    }
    return rows
  })
}

/** One arbitrary number: the budget is one for all processes. */
const PROBE_LOCK = 4_017_202_615

async function probeOne(context: Probing, seller: Due, stop?: AbortSignal): Promise<boolean> {
  const { db, signer, clock, fetch, random, monotonic } = context
  const { endpoint, pricing, capabilities } = JSON.parse(seller.registration) as {
    endpoint: string
    pricing?: { perTask: string }
    capabilities: string[]
  }
  const capability = capabilities[Math.floor(chance(random) * capabilities.length)]
  const like = capability === undefined ? undefined : await tradeLike(db, seller.did, capability)
  if (!like || !pricing) return false
  const promisedMs = await readPromise(fetch, endpoint)
  // What cannot be seen to be late is not measured: nobody waits here for as long as that.
  if (promisedMs === undefined || promisedMs > LONGEST_WAIT_MS) return false
  const stranger = strangerOf(random)
  const self = { stranger, endpoint, random, now: clock.now() }
  const bid = bidOf(like.pact, {
    ...self,
    seller: { did: seller.did as Pact['seller']['did'], wallet: like.wallet },
    listPrice: parseUsdc(pricing.perTask),
  })
  const tookMs = await timeReply({
    ...{ fetch, monotonic, waitMs: promisedMs },
    ask: messageOf(bid, self),
    look: (taskId) => lookOf(taskId, { ...self, now: clock.now() }),
    pause: async (milliseconds) => void (await sleep(milliseconds, undefined, { signal: stop })),
  })
  // Nobody answers for what stopped this process.
  if (stop?.aborted) return false
  const at = clock.now()
  const isLate = tookMs === undefined
  const fact = {
    ...{ kind: 'observation', agent: seller.did, at, dimension: 'latency' },
    mark: isLate ? 0 : 1,
  }
  const data = { rule: RULE, promisedMs, tookMs: isLate ? null : Math.round(tookMs), capability }
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('reply_probe')
      .set({ leased_until: null })
      .where('did', '=', seller.did)
      .execute()
    await append(tx, signer, [{ action: 'reply_timed', subject: seller.did, at, data, fact }])
  })
  return true
}

/** Characters of a pact above which no bid is like it: a seller may refuse to read that much. */
const LONGEST_LIKE = 32_768

/**
 * The latest trade of this kind that anybody paid for here, with the seller's own wallet; a stranger's look
 * like it. What was only registered costs nothing: by that anybody could make all sellers' bids as it likes.
 */
async function tradeLike(
  db: Db,
  did: string,
  capability: string,
): Promise<{ pact: Pact; wallet: Pact['seller']['wallet'] } | undefined> {
  const row = await db
    .selectFrom('pact')
    .innerJoin('agent', (join) => join.on('agent.did', '=', did))
    .select(['pact.signed_pact', 'agent.wallet'])
    .where('pact.capability', '=', capability)
    .where(sql<boolean>`length(pact.signed_pact) <= ${LONGEST_LIKE}`)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('lock')
          .innerJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
          .select('lock.escrow_id')
          .whereRef('lock.pact_id', '=', 'pact.pact_id')
          .where('escrow.state', '<>', 'None'),
      ),
    )
    .orderBy('pact.registered_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) return undefined
  const { pact } = signedPactSchema.decode(JSON.parse(row.signed_pact))
  return { pact, wallet: row.wallet as Pact['seller']['wallet'] }
}

function chance(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4)
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32
}
