import { createWorld, DAY, START, USDC, type World } from './world.ts'

/** A climb between two composites at fifty trades a day, in a market that fails so often. */
export type Climb = { from: number; to: number; marketFailure: number }

/** Successes that an honest agent needs from one composite to another (REP-15). */
export function climb({ from, to, marketFailure }: Climb): Climb & { successes: number | null } {
  const world = createWorld({ buyers: 800, seed: 1 })
  let reached: number | null = null
  let successes: number | null = null
  for (let trade = 0; trade < 700 && successes === null; trade++) {
    const at = START + (trade * DAY) / 50
    keepMarketGoing(world, at, marketFailure)
    world.trade({ buyer: world.buyers[trade] as string, seller: 'honest', at })
    const score = world.model.rank({ agent: 'honest', now: at })
    if (reached === null && score >= from) reached = trade
    if (reached !== null && score >= to) successes = trade - reached
  }
  return { from, to, marketFailure, successes }
}

/** As many trades of others beside the one that is looked at, so that so many of all fail. */
function keepMarketGoing({ random, buyers, trade }: World, at: number, failure: number): void {
  const buyer = buyers[Math.floor(random() * buyers.length)] as string
  const seller = `seller-${Math.floor(random() * 60)}`
  trade({ buyer, seller, at, failed: random() < 2 * failure })
}

/**
 * What buyers would pay more for a 900 than for a 750 seller if they priced nothing but the expected
 * loss and the capital held during the review (REP-16): a lower bound of any premium.
 */
export function premium(): { low: number; high: number; premium: number; claimed: string } {
  const world = createWorld({ buyers: 800, seed: 2 })
  const price = (): number => {
    const { failureProbability } = world.model.forecast({ seller: 'rising', at: START + 30 * DAY })
    return 1 - failureProbability
  }
  let low = Number.NaN
  for (let trade = 0; trade < 700; trade++) {
    const at = START + (trade * DAY) / 20
    keepMarketGoing(world, at, 0.1)
    world.trade({ buyer: world.buyers[trade] as string, seller: 'rising', at })
    const score = world.model.rank({ agent: 'rising', now: at })
    if (Number.isNaN(low) && score >= 750) low = price()
    if (score >= 900) {
      return {
        low,
        high: price(),
        premium: price() / low - 1,
        claimed: '0.4 to 0.6 (a hypothesis)',
      }
    }
  }
  return { low, high: price(), premium: price() / low - 1, claimed: '0.4 to 0.6 (a hypothesis)' }
}

/**
 * The newcomer lane (W-29, UNS-14): a seller without anything takes what the quote allows and puts
 * half of what it earns into its bond, until it is rated and its bond reaches tier 1.
 */
export function newcomer(): {
  firstTradeUsdc: number
  tradesUntilRated: number
  tradesUntilTier1: number
  limits: number[]
} {
  const world = createWorld({ buyers: 400, seed: 3 })
  const { model } = world
  let bond = 0
  let rated = 0
  let first = 0
  const limits: number[] = []
  for (let trade = 1; trade <= 300; trade++) {
    const at = START + (trade * DAY) / 4
    const buyer = world.buyers[trade] as string
    const query = { buyer, seller: 'newcomer', capability: 'any', at: Math.floor(at) }
    const { limitUsdc } = model.quote({ ...query, amount: 1n, openExposure: 0n })
    const limit = Number(limitUsdc) / USDC
    const usdc = Math.min(200, limit)
    first ||= usdc
    limits.push(Math.round(limit))
    world.trade({ buyer, seller: 'newcomer', at, usdc })
    bond += usdc / 2
    const free = BigInt(Math.floor(bond * USDC))
    world.apply({ kind: 'bond', agent: 'newcomer', at, staked: free, free })
    const answer = model.assess({ agent: 'newcomer', role: 'seller', now: Math.floor(at) })
    if (answer.status === 'rated') rated ||= trade
    if (rated && answer.bondTier >= 1) {
      return { firstTradeUsdc: first, tradesUntilRated: rated, tradesUntilTier1: trade, limits }
    }
  }
  return { firstTradeUsdc: first, tradesUntilRated: rated, tradesUntilTier1: -1, limits }
}
