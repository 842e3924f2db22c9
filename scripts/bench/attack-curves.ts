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

/** Honest agents are given real custom until they buy from the sybils, which then vouch. */
export function buyEdges(
  target: string,
  { edges, sybils, vouchers }: { edges: number; sybils: number; vouchers: number },
  honest: readonly string[],
  from: number,
): TrustEvent[][] {
  let at = from
  const custom = Array.from({ length: edges }, (_, edge) => {
    at += 60
    return vouch(honest[edge % honest.length] as string, `sybil-${edge % sybils}`, at)
  })
  // Nobody vouches for more than the fees burned elsewhere: each sybil feeds a shop of its own.
  const feeding = Array.from({ length: sybils }, (_, sybil) => {
    at += 60
    return vouch(`sybil-${sybil}`, `shop-${sybil}`, at)
  })
  const spent = Array.from({ length: vouchers }, (_, voucher) => {
    at += 60
    return vouch(`sybil-${voucher % sybils}`, target, at)
  })
  return [[...custom, ...feeding], spent]
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
