import type { Forecast } from '../../oracle/src/trust/forecastof.ts'
import { createWorld, DAY, START, type World } from './world.ts'

/** How a kind of seller works: whether this trade of its goes well. */
export type Character = {
  kind: string
  count: number
  delivers(state: { trade: number; random: number }): boolean
}

const CHARACTERS: Character[] = [
  { kind: 'honest', count: 20, delivers: ({ random }) => random < 0.98 },
  { kind: 'lazy', count: 10, delivers: ({ random }) => random < 0.75 },
  { kind: 'camouflaged', count: 5, delivers: ({ trade }) => trade < 25 },
]

/** What became of one kind of seller. */
export type Fate = {
  kind: string
  sellers: number
  trades: number
  failed: number
  meanComposite: number
  meanFailureProbability: number
}

/**
 * Ninety days of a market in which buyers ask for quotes of three sellers and take the least risky
 * that may take the job; nobody knows who is who.
 */
export function runMarket(characters: readonly Character[] = CHARACTERS): {
  fates: Fate[]
  failedFirstMonth: number
  failedLastMonth: number
} {
  const world = createWorld({ buyers: 250, seed: 13 })
  const sellers = characters.flatMap((character) =>
    Array.from({ length: character.count }, (_, i) => ({
      name: `${character.kind}-${i}`,
      character,
      trades: 0,
      failed: 0,
    })),
  )
  const monthly = [
    { trades: 0, failed: 0 },
    { trades: 0, failed: 0 },
    { trades: 0, failed: 0 },
  ]
  const total = 2_000
  for (let trade = 0; trade < total; trade++) {
    const at = Math.floor(START + (trade * 90 * DAY) / total)
    const buyer = pick(world, world.buyers)
    const offers = [pick(world, sellers), pick(world, sellers), pick(world, sellers)]
    const quotes = offers
      .map((seller) => ({ seller, risk: riskOf(world, buyer, seller.name, at) }))
      .sort((left, right) => left.risk - right.risk)
    const chosen = (quotes[0] as (typeof quotes)[number]).seller
    const good = chosen.character.delivers({ trade: chosen.trades, random: world.random() })
    chosen.trades++
    const month = monthly[Math.min(2, Math.floor((3 * trade) / total))]
    if (month) month.trades++
    if (!good) {
      chosen.failed++
      if (month) month.failed++
    }
    world.trade({ buyer, seller: chosen.name, at, usdc: 20, failed: !good })
  }
  const end = START + 90 * DAY
  const fates = characters.map(({ kind }) => {
    const own = sellers.filter(({ character }) => character.kind === kind)
    const forecasts: Forecast[] = own.map(({ name }) =>
      world.model.forecast({ seller: name, at: end }),
    )
    return {
      kind,
      sellers: own.length,
      trades: sum(own.map(({ trades }) => trades)),
      failed: sum(own.map(({ failed }) => failed)),
      meanComposite: Math.round(
        sum(own.map(({ name }) => world.model.rank({ agent: name, now: end }))) / own.length,
      ),
      meanFailureProbability:
        sum(forecasts.map(({ failureProbability }) => failureProbability)) / own.length,
    }
  })
  const share = (month: number): number =>
    (monthly[month]?.failed ?? 0) / Math.max(1, monthly[month]?.trades ?? 0)
  return { fates, failedFirstMonth: share(0), failedLastMonth: share(2) }
}

function riskOf({ model }: World, buyer: string, seller: string, at: number): number {
  const query = { buyer, seller, capability: 'any', amount: 20_000_000n, at, openExposure: 0n }
  const { acceptable, pairRisk } = model.quote(query)
  return acceptable ? pairRisk : 1
}

function pick<T>({ random }: World, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
