/**
 * The trust score. The oracle's glue calls:
 *
 * - `createTrustModel({ seeds })` once, or with `state` from a `snapshot()` after a restart;
 * - `apply(event)` for every fact in the order in which it became known: settled escrows that count,
 *   statements on agents, incidents, observations, bonds, activity, appeals. It returns the flags
 *   that were raised and the agents whose answers changed;
 * - `assess(query)` for `GET /trust/:id`: the body without scorer, oracle, times, nonce, signature;
 * - `quote(query)` for `GET /quote` (the glue adds fees and gas), `explain(query)` for its route;
 * - `discoverability(query)` to sort search results, `reviews()` for what stands for review, `sweep(now)` for
 *   the nightly full pass, `replay(events, ...)` to recompute all of it from public data.
 *
 * Everything is pure: no clock, no store, no chance. The same code runs in the benches.
 */
import { sweep } from './anomaly.ts'
import { type Applied, applyEvent } from './apply.ts'
import { type AssessQuery, assessAgent, effectiveBondTier, type TrustRecord } from './assess.ts'
import type { Audit } from './audit.ts'
import { rankedComposite } from './breakdown.ts'
import type { TrustEvent } from './event.ts'
import { eventRoot } from './eventlog.ts'
import { explain, explainBuyer, type Influence } from './explain.ts'
import { type Exposure, exposureOf } from './exposure.ts'
import {
  type Forecast,
  type ForecastQuery,
  forecastPair,
  forecastSeller,
  type PairForecast,
  type PairForecastQuery,
} from './forecastof.ts'
import { incidentsOf, type ToldIncident } from './incident.ts'
import { TRUST_PARAMETERS, type TrustParameters } from './parameters.ts'
import { type PortableQuery, type PortableRecord, portableOf } from './portable.ts'
import { type Published, publishedOf } from './published.ts'
import { type QuoteQuery, type QuoteTerms, quoteOf } from './quote.ts'
import { refresh } from './refresh.ts'
import type { Review } from './review.ts'
import { type Sanction, sanctionOf } from './sanction.ts'
import { type Account, accountOf } from './scoreboard.ts'
import { type Standing, standingOf, type Tie, tiesOf } from './standing.ts'
import { createTrustState, type Flag, type TrustState } from './state.ts'

/** The trust model of one oracle. */
export type TrustModel = {
  readonly parameters: TrustParameters
  readonly state: TrustState
  apply(event: TrustEvent): Applied
  assess(query: AssessQuery): TrustRecord
  quote(query: QuoteQuery): QuoteTerms
  /** How much a seller may have open in all. */
  exposure(query: { agent: string; now: number }): Exposure
  explain(query: {
    agent: string
    now: number
    limit?: number
    role?: 'seller' | 'buyer'
    capability?: string | undefined
  }): Influence[]
  forecast(query: ForecastQuery): Forecast
  forecastPair(query: PairForecastQuery): PairForecast
  /** Place in search results: composite and, for each bond tier in force, ten points (REP-03); below 0: suspended. */
  discoverability(query: { agent: string; now: number }): number
  /** Composite on 0..1000 for sorting, also of unrated agents; never served as a score. */
  rank(query: { agent: string; now: number }): number
  /** What an agent is worth as a judge of one capability. */
  standing(query: { agent: string; capability: string; now: number }): Standing
  /** What ties two agents to each other. */
  ties(member: string, party: string): Tie[]
  /** The record as a credential states it; null without a trade. */
  portable(query: PortableQuery): PortableRecord | null
  reviews(): readonly Review[]
  /** What listeners are told of an agent when it changes. */
  published(query: { agent: string; now: number }): Published
  /** Where an agent stands on the sanctions ladder, and why. */
  sanction(query: { agent: string; now: number }): Sanction
  /** The oracle's account of its own forecasts. */
  account(): Account
  /** What the latest full pass found beside what was kept up event by event; null before the first. */
  audit(): Audit | null
  /** Flags that name an agent, standing and lifted, with their reasons. */
  flags(agent: string): Omit<Flag, 'rows'>[]
  /** What was upheld against an agent beside its trades. */
  incidents(agent: string): ToldIncident[]
  /** Ids of the flags that a full pass over the window before `now` finds. */
  sweep(now: number): string[]
  /** Merkle root of all events, 64 hex. */
  eventRoot(): string
  snapshot(): TrustState
}

/** A trust model over pre-trusted seeds, optionally continued from a snapshot. */
export function createTrustModel({
  seeds,
  parameters = TRUST_PARAMETERS,
  state = createTrustState(seeds, parameters),
}: {
  seeds: readonly string[]
  parameters?: TrustParameters
  state?: TrustState
}): TrustModel {
  if (state.unit === 0) refresh(state, parameters)
  const indexOf = (agent: string): number => state.indexOf.get(agent) ?? -1
  return {
    parameters,
    state,
    apply: (event) => applyEvent(state, event, parameters),
    assess: (query) => assessAgent(state, query, parameters),
    quote: (query) => quoteOf(state, query, parameters),
    exposure: ({ agent, now }) => exposureOf(state, { agent: indexOf(agent), now }, parameters),
    explain({ agent, now, limit = 10, role = 'seller', capability }) {
      const index = indexOf(agent)
      if (index < 0) return []
      const query = { agent: index, now, limit, capability }
      const asked = role === 'buyer' ? explainBuyer : explain
      return asked(state, query, parameters)
    },
    forecast: (query) => forecastSeller(state, query, parameters),
    forecastPair: (query) => forecastPair(state, query, parameters),
    discoverability({ agent, now }) {
      const index = indexOf(agent)
      if (sanctionOf(state, index, now).rung === 'suspended') return -1
      const composite = rankedComposite(state, { agent: index, now }, parameters)
      return composite + 10 * effectiveBondTier(state, index, now)
    },
    rank: ({ agent, now }) => rankedComposite(state, { agent: indexOf(agent), now }, parameters),
    standing: (query) => standingOf(state, query, parameters),
    ties: (member, party) => tiesOf(state, member, party),
    portable: (query) => portableOf(state, query, parameters),
    reviews: () => state.reviews,
    published: ({ agent, now }) => publishedOf(state, { agent: indexOf(agent), now }, parameters),
    sanction: ({ agent, now }) => sanctionOf(state, indexOf(agent), now),
    account: () => accountOf(state),
    audit: () => state.audit,
    flags: (agent) =>
      [...(state.flagsOf.get(indexOf(agent)) ?? [])].flatMap((id) => {
        const flag = state.flags.get(id)
        if (!flag) return []
        const { rows: _, ...told } = flag
        return [told]
      }),
    incidents: (agent) => incidentsOf(state, indexOf(agent)),
    sweep: (now) => sweep(state, now),
    eventRoot: () => eventRoot(state.log),
    snapshot: () => structuredClone(state),
  }
}

/** Recomputes the model of any oracle from its published events, seeds and parameters. */
export function replay(
  events: Iterable<TrustEvent>,
  options: { seeds: readonly string[]; parameters?: TrustParameters },
): TrustModel {
  const model = createTrustModel(options)
  for (const event of events) model.apply(event)
  return model
}
