import type { SettledEscrow, TrustEvent } from '../../oracle/src/trust/event.ts'

/** A good trade in the terms of the rating file: one unit of fee, amount unknown. */
function vouch(buyer: string, seller: string, at: number): SettledEscrow {
  return {
    kind: 'settled',
    escrowId: `attack-${buyer}-${seller}-${at}`,
    at,
    buyer,
    seller,
    capability: 'rated',
    amount: 0n,
    protocolFee: 500_000n,
    ending: 'completed',
    sellerBps: 10_000,
  }
}

/** Fresh sybils trade with each other and all vouch for the target. Every attack comes in stages. */
export function ring(target: string, sybils: number, from: number): TrustEvent[][] {
  const names = Array.from({ length: sybils }, (_, i) => `sybil-${i}`)
  const events: TrustEvent[] = []
  let at = from
  for (const [i, name] of names.entries()) {
    for (const step of [1, 7, 31]) {
      at += 60
      events.push(vouch(name, names[(i + step) % sybils] as string, at))
    }
  }
  const vouchers = names.map((name) => {
    at += 60
    return vouch(name, target, at)
  })
  return [events, vouchers]
}

/** The same, but the target first buys from every sybil, so that its own trust flows to them. */
export function payFirst(target: string, sybils: number, from: number): TrustEvent[][] {
  let at = from
  const paid = Array.from({ length: sybils }, (_, i) => {
    at += 60
    return vouch(target, `sybil-${i}`, at)
  })
  return [paid, ...ring(target, sybils, at)]
}

/** The target's money travels over several sybils before the last of them vouches. */
export function launder(
  target: string,
  hops: number,
  chains: number,
  from: number,
): TrustEvent[][] {
  const travel: TrustEvent[] = []
  const vouchers: TrustEvent[] = []
  let at = from
  for (let chain = 0; chain < chains; chain++) {
    const route = [target, ...Array.from({ length: hops }, (_, i) => `mule-${chain}-${i}`)]
    const last = route.at(-1) as string
    for (const [i, mule] of route.entries()) {
      at += 60
      travel.push(vouch(mule, route[i + 1] ?? `other-${chain}`, at))
    }
    vouchers.push(vouch(last, target, at + 100_000))
  }
  return [travel, vouchers]
}

/**
 * A plan to buy trust: how many sybils, how many trades of honest customers each of them serves, how many
 * fees it burns at a shop of its own, and how often it then vouches, in trades whose fee is next to nothing.
 */
export type Plan = { sybils: number; edges: number; feeding: number; times: number }

/** What a plan costs in fees, USDC: the customers' are paid by the sybil, as any seller's are. */
export function priceOf({ sybils, edges, feeding, times }: Plan): number {
  return sybils * (0.5 * (edges + feeding) + (times * DUST) / 1e6)
}

const DUST = 100

/** Honest agents buy from sybils, which burn fees of their own and then vouch. */
export function buyEdges(
  target: string,
  { sybils, edges, feeding, times }: Plan,
  honest: readonly string[],
  from: number,
): TrustEvent[][] {
  let at = from
  const trades = (each: number, trade: (sybil: number, turn: number) => SettledEscrow) =>
    Array.from({ length: sybils * each }, (_, turn) => {
      at += 60
      return { ...trade(turn % sybils, turn), at }
    })
  const custom = trades(edges, (sybil, turn) =>
    vouch(honest[turn % honest.length] as string, `sybil-${sybil}`, at),
  )
  const fed = trades(feeding, (sybil) => vouch(`sybil-${sybil}`, `shop-${sybil}`, at))
  const spent = trades(times, (sybil) => ({
    ...vouch(`sybil-${sybil}`, target, at),
    protocolFee: BigInt(DUST),
  }))
  return [[...custom, ...fed], spent]
}

/** The newcomer of the camouflage attack. */
export const CROOK = 'crook'

/** Good trades with trusted people, then one failure. */
export function camouflage(
  honest: readonly string[],
  trades: number,
  from: number,
): { built: TrustEvent[]; cheated: SettledEscrow } {
  let at = from
  const built = Array.from({ length: trades }, (_, i) => {
    at += 3_600
    return vouch(honest[i % honest.length] as string, CROOK, at)
  })
  const cheated: SettledEscrow = {
    ...vouch(honest[trades % honest.length] as string, CROOK, at + 3_600),
    ending: 'expired',
    sellerBps: 0,
    protocolFee: 0n,
    dispute: { by: 'buyer', awardedBps: null },
  }
  return { built, cheated }
}
