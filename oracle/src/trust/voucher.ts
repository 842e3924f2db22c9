import { clusterOf, membersOf } from './cluster.ts'
import { reach } from './flow.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/** What the word of a buyer is worth to a seller: trusted weight, and weight without a trust path. */
export type Voucher = { weight: number; untrusted: number }

/** Trust of an agent, with what has reached it since the last refresh. */
export function trustOf({ flow }: TrustState, agent: number): number {
  return Math.max(0, (flow.trust[agent] as number) + (flow.residual[agent] as number))
}

/**
 * Weight of the voucher that a trade of this buyer is for this seller, before the trade. Trust that
 * the seller's own money brought to the buyer is taken out over several hops, the k-th trade with
 * one cluster is worth 2^-(k-1), and nobody vouches for more than the fees burned elsewhere.
 */
export function voucherOf(
  state: TrustState,
  { buyer, seller }: { buyer: number; seller: number },
  parameters: TrustParameters,
): Voucher {
  const { clusters, unit } = state
  if (clusterOf(clusters, buyer) === clusterOf(clusters, seller)) return { weight: 0, untrusted: 0 }
  const repeat = 2 ** -earlierTrades(state, buyer, seller)
  const own = ownTrust(state, { buyer, seller }, parameters.launderingHops)
  const full = unit > 0 ? Math.min(1, own / unit) : 0
  const burned = feesOutside(state, buyer, seller) / parameters.feePerVoucher
  const seed = buyer < state.seeds
  const weight = (seed ? full : Math.min(full, burned)) * repeat
  // No floor: a little trust is a little weight, and everything without any is capped in the record.
  const untrusted = full === 0 ? parameters.untrustedVoucher * repeat : 0
  return { weight, untrusted }
}

/** Trust of the buyer that does not come from the seller's own cluster. */
function ownTrust(
  state: TrustState,
  { buyer, seller }: { buyer: number; seller: number },
  hops: number,
): number {
  let trust = trustOf(state, buyer)
  if (trust === 0) return 0
  for (const member of membersOf(state.clusters, seller)) {
    const source = trustOf(state, member)
    if (source === 0) continue
    const negligible = (state.unit * 1e-4) / source
    trust -= source * reach(state.flow, { source: member, target: buyer, hops, negligible })
  }
  return Math.max(0, trust)
}

/** Fulfilled trades of anybody in the buyer's cluster with the seller. */
export function earlierTrades(
  { clusters, deals }: TrustState,
  buyer: number,
  seller: number,
): number {
  let trades = 0
  for (const member of membersOf(clusters, buyer)) {
    const deal = findPair(deals.pairs, member, seller)
    if (deal >= 0) trades += deals.fulfilled[deal] as number
  }
  return trades
}

/** Protocol fees that the buyer paid to anybody outside the seller's cluster, base units. */
function feesOutside({ clusters, deals, paid }: TrustState, buyer: number, seller: number): number {
  let fees = paid[buyer] as number
  for (const member of membersOf(clusters, seller)) {
    const deal = findPair(deals.pairs, buyer, member)
    if (deal >= 0) fees -= deals.fee[deal] as number
  }
  return Math.max(0, fees)
}
