/**
 * What attacks gain against the oracle's own scoring code on a real graph, and whom the detectors
 * flag: a ring of sybils around a bad seller (also when the seller pays them first), bought edges,
 * laundering, whitewash, waiting, camouflage; planted self-dealers and wash rings among honest people.
 * A file of ratings knows no amounts, so `curves` has what each kind of agent pays and gains in a
 * simulated market of real prices, and `costToFake100` a middling seller's. `--plot <folder>` draws
 * them into `attacks.svg` and `sellers.svg` there.
 *
 * node scripts/bench/attack.ts --ratings <csv> --labels <csv> [--seed <id>[,<id>...]] [--plot <folder>]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TrustEvent } from '../../oracle/src/trust/event.ts'
import { createTrustModel, type TrustModel } from '../../oracle/src/trust/model.ts'
import { findPair } from '../../oracle/src/trust/pairtable.ts'
import { RATING_PARAMETERS, TRUST_PARAMETERS } from '../../oracle/src/trust/parameters.ts'
import { refresh } from '../../oracle/src/trust/refresh.ts'
import { attackCurves, costOf, costOfMiddling, voucherPrices } from '../simulate/attacks.ts'
import { plotAttacks, plotSellers } from '../simulate/plot.ts'
import { boughtCustomCurve, camouflageCurve, lazyCurve } from '../simulate/sellers.ts'
import {
  buyEdges,
  CROOK,
  camouflage,
  launder,
  type Plan,
  payFirst,
  priceOf,
  ring,
} from './attack-curves.ts'
import { marketOf } from './attack-market.ts'
import { plant } from './attack-planted.ts'
import { escrowOf, linesOf, readRatings, seedsOf } from './forecast-ratings.ts'
import { refuse } from './refuse.ts'

const { values } = parseArgs({
  options: {
    ratings: { type: 'string' },
    labels: { type: 'string' },
    seed: { type: 'string' },
    plot: { type: 'string' },
  },
})
if (!values.ratings || !values.labels) {
  refuse('usage: bench:attack -- --ratings <csv> --labels <csv> [--seed <id>] [--plot <folder>]')
}

const { ratings } = readRatings(values.ratings)
const labels = linesOf(values.labels)
  .map((line) => line.split(',').map((field) => field.trim()))
  .filter(([id, label]) => id && Number.isFinite(Number(label)))
  .map(([id = '', label]) => ({ id, honest: Number(label) > 0 }))
const seeds = seedsOf(values.seed, ratings)
const end = ratings.at(-1)?.at ?? 0

/** Bad sellers whose rise is averaged. */
const TARGETS = 10

const people = new Set(ratings.flatMap(({ rater, ratee }) => [rater, ratee]))
if (!labels.some(({ id, honest }) => honest && people.has(id))) {
  refuse(`${values.labels} calls nobody in the ratings honest: a line is id,1 or id,-1`)
}
if (new Set(ratings.map(({ ratee }) => ratee)).size < 10 * TARGETS) {
  refuse(`fewer than ${10 * TARGETS} rated people: there is no worst tenth to look at`)
}

console.log(JSON.stringify({ ...onRatings(), ...onMarket(), ...inSimulation() }))

/** Rings and bought trust, on the rating graph as it stands at the end. */
function onRatings(): object {
  const model = createTrustModel({ seeds, parameters: RATING_PARAMETERS })
  for (const [index, rating] of ratings.entries()) model.apply(escrowOf(rating, index))
  const rated = [...new Set(ratings.map(({ ratee }) => ratee))]
  const before = boardOf(model, rated, end)
  const worst = [...rated]
    .sort((left, right) => before.position(left) - before.position(right))
    .slice(0, Math.floor(rated.length / 10))
  // The worst tenth, spread evenly, so that one odd record decides nothing.
  const targets = Array.from(
    { length: TARGETS },
    (_, i) => worst[Math.floor((i * worst.length) / TARGETS)] as string,
  )
  /** Enough to find the best of many plans. */
  const bought = targets.filter((_, i) => i % 3 === 1)
  const honest = labels.filter((label) => label.honest && model.state.indexOf.has(label.id))
  const middling = honest.map(({ id }) => id).slice(0, 60)
  const gains = (attack: (target: string) => TrustEvent[][], whose = targets): number[] =>
    whose.map((target) => {
      const attacked = fork(model)
      let now = end
      for (const stage of attack(target)) {
        for (const event of stage) attacked.apply(event)
        // A patient attacker lets the oracle take note of each stage before the next.
        refresh(attacked.state, attacked.parameters)
        now = stage.at(-1)?.at ?? now
      }
      const after = boardOf(attacked, rated, now)
      return after.position(target) - before.position(target)
    })
  // Whoever is trusted could send that trust out and have it come back.
  const trusted = [...rated]
    .filter((id) => !seeds.includes(id))
    .sort((left, right) => trustedBy(right) - trustedBy(left))
  const stars = [0, 10, 30, 100, 300].flatMap((rank) => trusted[rank] ?? [])
  const paidFirst = gains((target) => payFirst(target, 100, end))
  return {
    ring: {
      sybils: 100,
      gain: mean(gains((target) => ring(target, 100, end))),
      gainPaidFirst: mean(paidFirst),
      worstGainPaidFirst: Math.max(...paidFirst),
      targets: targets.length,
    },
    laundering: [2, 3, 5].map((hops) => ({
      hops,
      gain: mean(gains((target) => launder(target, hops, 30, end))),
    })),
    ringOfTrusted: stars.map((star) => ({
      trust: trustedBy(star) / model.state.unit,
      vouchers: ownVouchers(star),
    })),
    boughtEdges: [5, 10, 20, 35, 70, 150].map(bestFor),
    whitewash: { gain: mean(targets.map((target) => whitewashed(target))) },
    waiting: [30, 180, 365].map((days) => ({ days, gain: mean(targets.map(waited(days))) })),
    camouflage: [5, 20, 50].map((trades) => camouflaged(trades)),
  }

  function trustedBy(agent: string): number {
    return model.state.flow.trust[model.state.indexOf.get(agent) as number] as number
  }

  /** Full vouchers that a trusted agent has of a hundred sybils which it paid first. */
  function ownVouchers(star: string): number {
    const attacked = fork(model)
    const [paid, ...rest] = payFirst(star, 100, end)
    for (const stage of [paid, ...rest]) {
      for (const event of stage ?? []) attacked.apply(event)
      refresh(attacked.state, attacked.parameters)
    }
    let given = 0
    for (let i = 0; i < 100; i++) {
      const { deals, history, indexOf } = attacked.state
      const pair = [indexOf.get(`sybil-${i}`) as number, indexOf.get(star) as number] as const
      const deal = findPair(deals.pairs, ...pair)
      given += history.weight[(deals.lastRow[deal] as number) - 1] as number
    }
    return given
  }

  /** The plan that brings most for at most so many USDC, by whoever read the source. */
  function bestFor(budget: number): object {
    const plans = [1, 2].flatMap((edges) =>
      [1, 3, 4, 6].flatMap((feeding) =>
        [1, 2, 4].map((times): Plan => {
          const each = priceOf({ sybils: 1, edges, feeding, times })
          return { sybils: Math.floor(budget / each), edges, feeding, times }
        }),
      ),
    )
    const outcomes = plans.map((plan) => ({
      budget,
      fees: priceOf(plan),
      ...plan,
      gain: mean(gains((target) => buyEdges(target, plan, middling, end), bought)),
    }))
    return outcomes.reduce((best, one) => (one.gain > best.gain ? one : best))
  }

  function whitewashed(target: string): number {
    return before.position('nobody-knows-me') - before.position(target)
  }

  /** Everybody waits as long: what is left is what waiting alone does to the crook's place. */
  function waited(days: number): (target: string) => number {
    const later = boardOf(model, rated, end + days * 86_400)
    return (target) => later.position(target) - before.position(target)
  }

  /** A newcomer delivers to trusted people, then cheats once: where it stands before and after. */
  function camouflaged(trades: number): object {
    const attacked = fork(model)
    const { built, cheated } = camouflage(middling, trades, end)
    for (const event of built) attacked.apply(event)
    refresh(attacked.state, attacked.parameters)
    const high = boardOf(attacked, rated, built.at(-1)?.at ?? end).position(CROOK)
    attacked.apply(cheated)
    const low = boardOf(attacked, rated, cheated.at).position(CROOK)
    return { trades, fees: 0.5 * trades, before: high, after: low }
  }
}

function fork(model: TrustModel): TrustModel {
  return createTrustModel({ seeds, parameters: model.parameters, state: model.snapshot() })
}

/** Where everybody stands by the forecast: share of the rated people who are riskier, ties half. */
function boardOf(
  model: TrustModel,
  rated: readonly string[],
  at: number,
): { position: (agent: string) => number } {
  const risk = (seller: string): number => model.forecast({ seller, at }).failureProbability
  const risks = Float64Array.from(rated, risk).sort()
  return {
    position(agent) {
      const own = risk(agent)
      let riskier = 0
      for (const other of risks) riskier += other > own ? 1 : other === own ? 0.5 : 0
      return riskier / risks.length
    },
  }
}

/** Planted groups among the people of the file, traded as a live market, one setting for all. */
function onMarket(): object {
  const market = marketOf(ratings)
  const customers = labels.filter(({ honest }) => honest).map(({ id }) => id)
  const middle = ratings[Math.floor(ratings.length / 2)]?.at ?? 0
  const planted = plant(50, middle, customers)
  const events = [...market, ...planted.flatMap((group) => group.events)].sort(
    (left, right) => left.at - right.at,
  )
  const model = createTrustModel({ seeds, parameters: TRUST_PARAMETERS })
  for (const event of events) model.apply(event)
  const flagged = new Set([...model.state.flags.values()].flatMap(({ agents }) => agents))
  const share = (agents: readonly string[]): number =>
    agents.filter((agent) => flagged.has(agent)).length / Math.max(1, agents.length)
  const kinds = Map.groupBy(planted, ({ kind }) => kind)
  return {
    planted: {
      flaggedShare: share(planted.flatMap(({ agents }) => agents)),
      groups: planted.length,
      byKind: Object.fromEntries(
        [...kinds].map(([kind, groups]) => [kind, share(groups.flatMap(({ agents }) => agents))]),
      ),
    },
    honest: {
      flaggedShare: share(customers),
      labelled: customers.length,
      everybodyFlaggedShare: share([...people]),
    },
  }
}

/** Curves of every kind of agent in a simulated market, printed and drawn. */
function inSimulation(): object {
  const attacks = attackCurves()
  const loot = [...camouflageCurve(), ...boughtCustomCurve()]
  const lazy = lazyCurve()
  if (values.plot) {
    mkdirSync(values.plot, { recursive: true })
    writeFileSync(join(values.plot, 'attacks.svg'), plotAttacks(attacks))
    writeFileSync(join(values.plot, 'sellers.svg'), plotSellers(loot, lazy))
  }
  const points = attacks.map((point) => ({ ...point, cost: costOf(point) }))
  const byAttack = Map.groupBy(points, ({ attack }) => attack)
  const bySeller = Map.groupBy(loot, ({ seller }) => seller)
  return {
    curves: { ...Object.fromEntries(byAttack), ...Object.fromEntries(bySeller), lazy },
    costToFake100: costOfMiddling(attacks),
    voucherPrices: voucherPrices(),
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}
