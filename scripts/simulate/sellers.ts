import { refresh } from '../../oracle/src/trust/refresh.ts'
import { runMarket } from './market.ts'
import { createWorld, DAY, FEE, START, USDC, type World } from './world.ts'

/** What the work behind a price costs whoever does it well, and whoever does the least that passes. */
const WORK = { honest: 0.6, lazy: 0.2 } as const

/** A ruling against poor work leaves its seller so much of the price. */
const AWARDED = 0.4

/** Largest job that anybody in the market offers, USDC: what a crook takes where nothing bounds it. */
const LARGEST = 10_000

function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** A record that is built, honestly or not, and what its owner could then take in one last trade. */
export type Loot = {
  seller: 'camouflaged' | 'camouflaged, custom bought'
  /** Good trades first. */
  trades: number
  days: number
  /** USDC that the good trades were worth, the fees burned for them, and the work that had to be done. */
  volume: number
  fees: number
  work: number
  composite: number
  pairRisk: number
  /** Terms of the quote for the largest trade that it accepts: USDC, hours. */
  limit: number
  bond: number
  reviewHours: number
  /** Stolen with the bond of the quote behind the trade, without it, and if there were no limit. */
  loot: number
  unbonded: number
  unlimited: number
  /** Limit once the theft is known: what a second one could take. */
  limitAfter: number
}

const CROOK = 'bad-crook'

/**
 * The camouflaged seller: so many small good trades with strangers, each as large as it is allowed (at
 * most 100 USDC), then the largest that anybody gives it, in which junk passes for certain. Loot is what
 * nobody gives back.
 */
export function camouflageCurve(): Loot[] {
  return [0, 1, 3, 10, 30, 100].map((trades) => {
    const world = createWorld({ buyers: 300, seed: 17 })
    let volume = 0
    for (let trade = 0; trade < trades; trade++) {
      const at = START + (trade * DAY) / 4
      const buyer = world.buyers[trade] as string
      const usdc = Math.min(100, quoteOf(world, buyer, 1, at).limit)
      volume += usdc
      world.trade({ buyer, seller: CROOK, at, usdc })
    }
    const built = { trades, volume, fees: volume * FEE, work: volume * WORK.honest }
    return steal(world, 'camouflaged', built)
  })
}

/**
 * The same with custom that the crook pays for: five accounts buy 200 USDC of real work each, so that
 * their word counts, and then pay the crook a price that comes back to them, less the fee.
 */
export function boughtCustomCurve(): Loot[] {
  return [50, 200, 1_000, 5_000].map((price) => {
    const world = createWorld({ buyers: 300, seed: 17 })
    const accounts = Array.from({ length: 5 }, (_, i) => `bad-account-${i}`)
    for (const [i, buyer] of accounts.entries()) {
      world.trade({ buyer, seller: `seller-${i}`, at: START + i * 60, usdc: 200 })
    }
    refresh(world.model.state, world.model.parameters)
    for (const [i, buyer] of accounts.entries()) {
      world.trade({ buyer, seller: CROOK, at: START + DAY + i * 60, usdc: price })
    }
    const fees = world.spentBy('bad-')
    const built = { trades: accounts.length, volume: accounts.length * price, fees, work: 0 }
    return steal(world, 'camouflaged, custom bought', built)
  })
}

function steal(
  world: World,
  seller: Loot['seller'],
  built: Pick<Loot, 'trades' | 'volume' | 'fees' | 'work'>,
): Loot {
  const days = Math.ceil(built.trades / 4)
  const at = START + (days + 1) * DAY
  const victim = world.buyers.at(-1) as string
  const { limit } = quoteOf(world, victim, 1, at)
  const taken = Math.min(LARGEST, limit)
  const terms = quoteOf(world, victim, taken, at)
  const composite = Math.round(world.model.rank({ agent: CROOK, now: at }))
  world.trade({ buyer: victim, seller: CROOK, at, usdc: taken, failed: true })
  const after = quoteOf(world, victim, 1, at + DAY)
  return {
    seller,
    trades: built.trades,
    days,
    volume: round(built.volume),
    fees: round(built.fees),
    work: round(built.work),
    composite,
    pairRisk: Math.round(terms.risk * 1e4) / 1e4,
    limit: round(limit),
    bond: round(terms.bond),
    reviewHours: terms.hours,
    loot: round(taken - terms.bond),
    unbonded: round(taken),
    unlimited: LARGEST,
    limitAfter: round(after.limit),
  }
}

function quoteOf({ model }: World, buyer: string, usdc: number, at: number) {
  const amount = BigInt(Math.floor(usdc * USDC))
  const quote = model.quote({
    buyer,
    seller: CROOK,
    capability: 'any',
    amount,
    at: Math.floor(at),
    openExposure: 0n,
  })
  return {
    risk: quote.pairRisk,
    limit: Number(quote.limitUsdc) / USDC,
    bond: Number(quote.bondToReserveUsdc) / USDC,
    hours: quote.reviewWindow / 3_600,
  }
}

/** What honest and lazy sellers of one market earn, USDC a seller over ninety days. */
export type Laziness = {
  /** Share of its poor work that a check, a spot check or a buyer catches. */
  caught: number
  jobs: { honest: number; lazy: number }
  composite: { honest: number; lazy: number }
  profit: { honest: number; lazy: number }
  /** Gain of the lazy: work not done. Cost: what rulings take back, and jobs that others get, at their profit. */
  saved: number
  lost: number
  gain: number
}

/**
 * The lazy seller: everything that it delivers is the cheapest that passes the criteria, and so much of it is
 * caught. Buyers take the least risky of three quotes; what the honest earn is the yardstick.
 */
export function lazyCurve(): Laziness[] {
  return [0, 0.02, 0.05, 0.1, 0.25, 0.5].map((caught) => {
    const { fates } = runMarket([
      { kind: 'honest', count: 20, delivers: ({ random }) => random < 0.98 },
      { kind: 'lazy', count: 10, delivers: ({ random }) => random < 0.98 * (1 - caught) },
    ])
    const [honest, lazy] = ['honest', 'lazy'].map((kind) => {
      const fate = fates.find((one) => one.kind === kind) as (typeof fates)[number]
      return { ...fate, jobs: fate.trades / fate.sellers, poor: fate.failed / fate.sellers }
    }) as unknown as readonly [Fate, Fate]
    const price = 20
    const income = ({ jobs, poor }: Fate) => price * (1 - FEE) * (jobs - (1 - AWARDED) * poor)
    const profit = {
      honest: income(honest) - price * WORK.honest * honest.jobs,
      lazy: income(lazy) - price * WORK.lazy * lazy.jobs,
    }
    const saved = price * (WORK.honest - WORK.lazy) * lazy.jobs
    return {
      caught,
      jobs: { honest: round(honest.jobs), lazy: round(lazy.jobs) },
      composite: { honest: honest.meanComposite, lazy: lazy.meanComposite },
      profit: { honest: round(profit.honest), lazy: round(profit.lazy) },
      saved: round(saved),
      lost: round(saved - (profit.lazy - profit.honest)),
      gain: round(profit.lazy - profit.honest),
    }
  })
}

type Fate = { jobs: number; poor: number; meanComposite: number }
