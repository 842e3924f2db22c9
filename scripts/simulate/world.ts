import type { SettledEscrow, TrustEvent } from '../../oracle/src/trust/event.ts'
import { createTrustModel, type TrustModel } from '../../oracle/src/trust/model.ts'
import type { TrustState } from '../../oracle/src/trust/state.ts'
import { mulberry } from '../bench/forecast-bootstrap.ts'

/** Base units of one USDC, and seconds of a day. */
export const USDC = 1_000_000
export const DAY = 86_400
export const START = 1_767_225_600
export const SEEDS = Array.from({ length: 5 }, (_, seed) => `seed-${seed}`)

/** Protocol fee of the simulated market, share of the amount. */
export const FEE = 0.01

/** A market of honest buyers who all once bought from a seed, with its own chance and clock. */
export type World = {
  model: TrustModel
  random: () => number
  buyers: string[]
  /** Fees burned so far by anybody whose name begins so, USDC. */
  spentBy(prefix: string): number
  trade(
    trade: Pick<SettledEscrow, 'buyer' | 'seller' | 'at'> & { usdc?: number; failed?: boolean },
  ): void
  apply(event: TrustEvent): void
}

/** A world with so many honest buyers and a market in which one trade in ten fails, or a stored one. */
export function createWorld({
  buyers: count,
  seed,
  state,
}: {
  buyers: number
  seed: number
  state?: TrustState
}): World {
  const model = createTrustModel({ seeds: SEEDS, ...(state ? { state } : {}) })
  const random = mulberry(seed)
  const fees = new Map<string, number>()
  const buyers = Array.from({ length: count }, (_, buyer) => `buyer-${buyer}`)
  let serial = 0
  const world: World = {
    model,
    random,
    buyers,
    spentBy(prefix) {
      let sum = 0
      for (const [agent, spent] of fees) if (agent.startsWith(prefix)) sum += spent
      return sum
    },
    apply: (event) => model.apply(event),
    trade({ buyer, seller, at, usdc = 50, failed = false }) {
      const fee = failed ? 0 : usdc * FEE
      fees.set(buyer, (fees.get(buyer) ?? 0) + fee)
      model.apply({
        kind: 'settled',
        escrowId: `simulated-${serial++}`,
        at: Math.floor(at),
        buyer,
        seller,
        capability: 'any',
        amount: BigInt(Math.round(usdc * USDC)),
        protocolFee: BigInt(Math.round(fee * USDC)),
        ending: failed ? 'expired' : 'completed',
        sellerBps: failed ? 0 : 10_000,
      })
    },
  }
  if (state) return world
  for (const [i, buyer] of buyers.entries()) {
    const at = START - 40 * DAY + (i * 20 * DAY) / count
    world.trade({ buyer, seller: SEEDS[i % 5] as string, at, usdc: 100 })
    const failed = random() < 0.2
    const seller = `seller-${Math.floor(random() * 60)}`
    world.trade({ buyer, seller, at: at + 60, failed })
  }
  return world
}
