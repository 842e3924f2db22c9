import {
  type Did,
  EarnestError,
  encode,
  type Flag,
  type factsSchema,
  type GasEstimate,
  hashSeeds,
  type Quote,
  type QuoteBody,
  quoteBodySchema,
  type scoreboardSchema,
  type TrustBody,
  type TrustResponse,
  trustBodySchema,
} from '@earnest/sdk/protocol'
import type * as z from 'zod'
import type { Context } from '../store/context.ts'
import { unpack } from '../store/json.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import { appealsOf, type ToldFlag } from './appeal.ts'
import type { Audit } from './audit.ts'
import { scorerCodeHash } from './codehash.ts'
import { costWarning, effectiveBpsOf } from './cost.ts'
import type { TrustEvent } from './event.ts'
import { wireOfEvent } from './eventlog.ts'
import { HARM_TABLE } from './harm.ts'
import { createTrustModel } from './model.ts'
import { TRUST_PARAMETERS } from './parameters.ts'
import type { PortableQuery, PortableRecord } from './portable.ts'
import type { Published } from './published.ts'
import { QUALITY_TABLE } from './quality.ts'
import type { Review } from './review.ts'
import { accountAnswer } from './scoreboard.ts'
import { spotChecksOf } from './spotchecks.ts'
import type { Standing, Tie } from './standing.ts'

/** Seconds for which a signed answer is served again while nothing changed. */
const ANSWER_LIFETIME = 60

export type Question = {
  /** A DID, or the part of it after `did:key:`. */
  id: string
  role: 'seller' | 'buyer'
  capability?: string | undefined
  nonce?: string | undefined
}

export type QuoteQuestion = {
  buyer: Did
  seller: Did
  capability: string
  amount: bigint
  /** Fulfilled trades from which on the buyer trusts this seller more; off unless given (POL-10). */
  trustedPair?: number | undefined
  /** What the seller has at stake already, base units. */
  openExposure: bigint
  fees: { protocolBps: number; arbitrationBps: number }
  gas: GasEstimate
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** The signed answers of one oracle about agents, over everything that was settled and counts. */
export type Trust = {
  /**
   * The answer, signed once per change and at most 60 s old; with a nonce, freshly signed.
   * Throws agent_unknown for an id that nobody registered, never a zero score (ORC-01).
   */
  answer(question: Question): Promise<TrustResponse>
  /** The risk of one buyer with one seller at one amount, as terms. Throws agent_unknown. */
  quote(question: QuoteQuestion): Promise<Quote>
  /** How much a seller may have open; above it a newcomer's or a flagged agent's pact is refused. */
  limitOf(seller: string): Promise<{ limit: bigint; isBinding: boolean; isSuspended: boolean }>
  /** A page of everything that moves scores, as the leaves of the event root have it. */
  facts(page: { after: number; limit: number }): Promise<Facts>
  /** The record as a credential states it; null without a trade. */
  portable(query: PortableQuery): Promise<PortableRecord | null>
  /** Root and number of the facts known. */
  root(): Promise<{ eventRoot: string; size: number }>
  /** How good the forecasts were, over every escrow that counts. */
  scoreboard(): Promise<AccountAnswer>
  /** What became different since it was asked last, for whoever tells it on. */
  changes(): Promise<Changes>
  /** What stands published of agents now. */
  published(dids: readonly string[]): Promise<Map<string, Published>>
  /** What the latest full pass found beside what was kept up, event by event. */
  audit(): Promise<Audit | null>
  /** The events that weigh most in an answer, in one role and capability. Throws agent_unknown. */
  explain(question: {
    id: string
    role?: 'seller' | 'buyer' | undefined
    capability?: string | undefined
  }): Promise<Record<string, Json>>
  /** Every flag that names an agent, standing and lifted. */
  flags(agent: string): Promise<ToldFlag[]>
  /** Numbers for sorting sellers, higher is better; never served. */
  rank(dids: readonly Did[]): Promise<Map<Did, number>>
  /** What agents are worth as judges of one capability, with the root of the events behind it. */
  standings(
    dids: readonly string[],
    capability: string,
  ): Promise<{ standings: Map<string, Standing>; eventRoot: string }>
  /** What ties each member to a party. */
  ties(members: readonly string[], party: string): Promise<Map<string, Tie[]>>
  scorer: { version: string; codeHash: string; seeds: string }
  /** Pre-trusted agents, from which all trust flows. */
  seeds: readonly Did[]
  /** Base units that a newcomer without a bond may have open. */
  newcomerCap: bigint
  /** Codes of what an operator has to mend: `no_seeds`, `few_seeds`. */
  warnings: readonly string[]
}

type Facts = z.output<typeof factsSchema>
type AccountAnswer = z.output<typeof scoreboardSchema>

/** Agents whose numbers may be others now, and reviews that were opened. */
export type Changes = {
  agents: readonly string[]
  reviews: readonly Review[]
  /** Number of the last fact behind it. */
  seen: number
  /** Nobody could be told: they are given out again. */
  restore(): void
}

/** Answers that are kept to be served again. */
const MAX_SERVED = 10_000
/** Fewer seeds than this are one owner's word; none at all rate nobody. */
const FEWEST_SEEDS = 5

function warningsOf(seeds: readonly string[]): string[] {
  if (seeds.length === 0) return ['no_seeds']
  return seeds.length < FEWEST_SEEDS ? ['few_seeds'] : []
}

/** The signed trust answers; each process follows the same facts in the same order. */
export function createTrust({
  db,
  signer,
  clock,
  seeds,
  newcomerCap = BigInt(TRUST_PARAMETERS.newcomerCap),
}: Context & { seeds: readonly Did[]; newcomerCap?: bigint | undefined }): Trust {
  const parameters = { ...TRUST_PARAMETERS, newcomerCap: Number(newcomerCap) }
  const model = createTrustModel({ seeds, parameters })
  const scorer = {
    version: parameters.version,
    codeHash: scorerCodeHash(),
    seeds: hashSeeds(seeds),
  }
  const served = new Map<
    string,
    { response: TrustResponse; seen: number; activeAt: number | null; standing: string }
  >()
  let seen = 0
  let account: AccountAnswer | undefined
  let changed = new Set<string>()
  let reviewed = 0
  let following: Promise<void> = Promise.resolve()

  /** Applies what became known since; one follower at a time, so that the order is the store's. */
  function follow(): Promise<void> {
    const step = following.then(async () => {
      for (const row of await factsAfter(db, { seen })) {
        for (const agent of model.apply(unpack<TrustEvent>(row.fact)).changed) changed.add(agent)
        seen = row.seq
      }
    })
    following = step.catch(() => {})
    return step
  }

  async function find(id: string) {
    const did = id.startsWith('did:') ? id : `did:key:${id}`
    const [row] = await agentOf(db, { did })
    if (!row) throw new EarnestError('agent_unknown', 'No such agent')
    return row
  }

  return {
    scorer,
    seeds,
    newcomerCap,
    warnings: warningsOf(seeds),

    async rank(dids) {
      await follow()
      const now = clock.now()
      return new Map(dids.map((did) => [did, model.discoverability({ agent: did, now })]))
    },

    async standings(dids, capability) {
      await follow()
      const now = clock.now()
      const standing = (agent: string) => model.standing({ agent, capability, now })
      return {
        standings: new Map(dids.map((did) => [did, standing(did)])),
        eventRoot: model.eventRoot(),
      }
    },

    async ties(members, party) {
      await follow()
      return new Map(members.map((member) => [member, model.ties(member, party)]))
    },

    async answer({ id, role, capability, nonce }) {
      const agent = await find(id)
      await follow()
      const now = clock.now()
      const key = `${agent.did}/${role}/${capability ?? ''}`
      const standing = `${agent.status}/${agent.silent}`
      const last = served.get(key)
      if (
        nonce === undefined &&
        last?.seen === seen &&
        last.activeAt === agent.active_at &&
        last.standing === standing &&
        now < last.response.validUntil
      ) {
        return last.response
      }
      const { scorerVersion: version, ...record } = model.assess({
        agent: agent.did,
        role,
        capability,
        now,
        frozen: agent.status !== 'active',
        attestations: await countAttestations(db, agent.did),
      })
      const body: TrustBody = {
        ...record,
        flags: [...record.flags, ...unreachable(agent)],
        lastActiveAt: agent.active_at,
        scorer: { ...scorer, version },
        oracle: signer.did,
        asOf: now,
        validUntil: now + ANSWER_LIFETIME,
        nonce: nonce ?? null,
      }
      const wire = encode(trustBodySchema, body, 'invalid_trust')
      const response = { ...body, signature: signer.sign({ type: 'trust', body: wire }) }
      if (nonce === undefined) {
        // Anybody can ask for capabilities that nobody ever named.
        if (served.size >= MAX_SERVED) served.clear()
        served.set(key, { response, seen, activeAt: agent.active_at, standing })
      }
      return response
    },

    async quote({ trustedPair: minTransactions, fees, gas, ...asked }) {
      const { buyer, seller, amount } = asked
      await Promise.all([find(buyer), find(seller)])
      await follow()
      const now = clock.now()
      const trusting = minTransactions !== undefined && { trustedPair: { minTransactions } }
      const { newcomer: _, trustedPair, ...terms } = model.quote({ ...asked, at: now, ...trusting })
      const protocolFeeUsdc = (amount * BigInt(fees.protocolBps)) / 10_000n
      const effectiveBps = effectiveBpsOf({ amount, fee: protocolFeeUsdc, gas: gas.usdc })
      const body: QuoteBody = {
        ...terms,
        ...(trusting && { trustedPair }),
        warnings: [...terms.warnings, ...costWarning(effectiveBps)],
        protocolFeeUsdc,
        arbitrationFeeUsdc: (amount * BigInt(fees.arbitrationBps)) / 10_000n,
        // Relayed by this oracle: the parties pay none.
        gasUsdc: 0n,
        overheadBps: Number((protocolFeeUsdc * 10_000n) / amount),
        gas,
        effectiveBps,
        scorer: scorer.version,
        oracle: signer.did,
        asOf: now,
        validUntil: now + ANSWER_LIFETIME,
      }
      const wire = encode(quoteBodySchema, body, 'invalid_quote')
      return { ...body, signature: signer.sign({ type: 'quote', body: wire }) }
    },

    async facts({ after, limit }) {
      await follow()
      const [size, root] = [seen, model.eventRoot()]
      const rows = await db
        .selectFrom('fact')
        .selectAll()
        .where('seq', '>', after)
        .where('seq', '<=', size)
        .orderBy('seq')
        .limit(limit)
        .execute()
      const facts = rows.map(({ seq, fact }) => ({
        seq,
        fact: wireOfEvent(unpack<TrustEvent>(fact)),
      }))
      return { facts, size, eventRoot: root }
    },

    async portable(query) {
      await follow()
      return model.portable(query)
    },

    async root() {
      await follow()
      return { eventRoot: model.eventRoot(), size: seen }
    },

    async scoreboard() {
      await follow()
      const [eventRoot, now] = [model.eventRoot(), clock.now()]
      // It ranks every trade there ever was: at most once a minute, however many facts and readers come.
      const isOld = !account || now >= account.asOf + ANSWER_LIFETIME
      if (!account || (isOld && account.eventRoot !== eventRoot)) {
        account = { ...accountAnswer(model.account()), scorer, eventRoot, asOf: now }
      }
      return account
    },

    async changes() {
      await follow()
      const [taken, from] = [changed, reviewed]
      const reviews = model.reviews().slice(from)
      changed = new Set()
      reviewed += reviews.length
      return {
        agents: [...taken],
        reviews,
        seen,
        restore() {
          for (const agent of taken) changed.add(agent)
          reviewed = from
        },
      }
    },

    async published(dids) {
      await follow()
      const now = clock.now()
      return new Map(dids.map((agent) => [agent, model.published({ agent, now })]))
    },

    async audit() {
      await follow()
      return model.audit()
    },

    async limitOf(seller) {
      await follow()
      const query = { agent: seller, now: clock.now() }
      const { limit, newcomer, limited, suspended } = model.exposure(query)
      return { limit, isBinding: newcomer || limited, isSuspended: suspended }
    },

    async flags(agent) {
      await follow()
      return model.flags(agent)
    },

    async explain({ id, role = 'seller', capability }) {
      const { did } = await find(id)
      await follow()
      const now = clock.now()
      const influences = model.explain({ agent: did, now, role, capability })
      const forecast =
        role === 'buyer'
          ? null
          : model.forecast({ seller: did, at: now, ...(capability && { capability }) })
      const sanction = model.sanction({ agent: did, now })
      const flags = model.flags(did)
      const spotChecks = await spotChecksOf(db, did)
      const explained = {
        agentId: did,
        role,
        capability: capability ?? null,
        scorer,
        forecast,
        influences,
        incidents: model.incidents(did),
        flags,
        appeals: await appealsOf(db, did),
        sanction,
        quality: QUALITY_TABLE,
        harm: HARM_TABLE,
        spotChecks,
      }
      return JSON.parse(JSON.stringify(explained))
    },
  }
}

const factsAfter = statement((db, { seen }: { seen: number }) =>
  db.selectFrom('fact').selectAll().where('seq', '>', seen).orderBy('seq'),
)

const agentOf = statement((db, { did }: { did: string }) =>
  db
    .selectFrom('agent')
    .select(['did', 'status', 'active_at', 'silent', 'heartbeat_at'])
    .where('did', '=', did),
)

/** Said of a seller whose buyers wait while it is silent; it goes with the next heartbeat (REP-08). */
function unreachable(agent: { silent: boolean; heartbeat_at: number | null }): Flag[] {
  if (!agent.silent || agent.heartbeat_at === null) return []
  return [
    {
      code: 'unreachable',
      reason: 'Silent while funded work waits for it',
      since: agent.heartbeat_at,
    },
  ]
}

/** Settlements that `GET /trust/:id/attestations` lists (ORC-11). */
async function countAttestations(db: Db, did: string): Promise<number> {
  const { n } = await db
    .selectFrom('settlement')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('counts', '=', true)
    .where((eb) => eb.or([eb('buyer_did', '=', did), eb('seller_did', '=', did)]))
    .executeTakeFirstOrThrow()
  return Number(n)
}
