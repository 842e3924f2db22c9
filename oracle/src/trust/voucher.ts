import { backflow } from './backflow.ts'
import { clusterOf, membersOf } from './cluster.ts'
import { outflowTo } from './outflow.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/**
 * What the word of a buyer is worth to a seller: trusted weight, weight without a trust path, and the
 * buyer's standing, which is its own trust in full vouchers without any cap.
 */
export type Voucher = { weight: number; untrusted: number; standing: number }

/** Trust of an agent as of the last refresh. */
export function trustOf({ flow }: TrustState, agent: number): number {
  return Math.max(0, flow.trust[agent] as number)
}

/**
 * Weight of the voucher that a trade of this buyer is for this seller, before the trade. Trust that
 * the seller's own money brought to the buyer is taken out over any number of hops, the k-th trade with
 * one cluster is worth 2^-(k-1), and nobody vouches for more than the fees burned elsewhere: so much for
 * every voucher, whoever it is for, and three times that for every voucher to one seller's cluster, so
 * that no fee is heard twice and a repeated voucher costs what the first one did.
 */
export function voucherOf(
  state: TrustState,
  { buyer, seller }: { buyer: number; seller: number },
  parameters: TrustParameters,
): Voucher {
  const { clusters, unit } = state
  if (clusterOf(clusters, buyer) === clusterOf(clusters, seller)) {
    return { weight: 0, untrusted: 0, standing: 0 }
  }
  const repeat = 2 ** -earlierTrades(state, buyer, seller)
  const own = ownTrust(state, { buyer, seller }, parameters)
  const share = unit > 0 ? own / unit : 0
  const full = share < parameters.parcelShare ? 0 : Math.min(1, share)
  const burned = feesOutside(state, buyer, seller)
  const heard = burned / parameters.feeToBeHeard - givenTo(state, buyer, seller)
  const left = burned / parameters.feePerVoucher - (state.given[buyer] as number)
  const seed = buyer < state.seeds
  const weight = full * repeat
  const paid = seed ? weight : Math.max(0, Math.min(weight, heard, left))
  // No floor: a little trust is a little weight, and everything without any is capped in the record.
  const untrusted = full === 0 ? parameters.untrustedVoucher * repeat : 0
  // A seed's trust is given and not earned: its word counts once, for good and for bad.
  return { weight: paid, untrusted, standing: seed ? full : share }
}

/**
 * Trust of the buyer that does not come from the seller's own cluster. Nothing can bring back more
 * than three times what the cluster holds, so that far more trusted buyers need no search; most of the
 * others have a full voucher by a proof that is quickly found. Where there is none, what may come back is
 * searched for from the buyer upwards.
 */
function ownTrust(
  state: TrustState,
  { buyer, seller }: { buyer: number; seller: number },
  parameters: TrustParameters,
): number {
  const { unit, clusters, seeds } = state
  const { payeeEdge, mostVisits } = parameters
  const trust = trustOf(state, buyer)
  if (trust === 0) return 0
  const sources = membersOf(clusters, seller)
  let held = 0
  for (const source of sources) held += trustOf(state, source)
  if (held === 0 || trust - MOST_RETURNED * held >= unit) return trust
  if (payeeEdge === 1 && buyer >= seeds) {
    const precision = PRECISION * trust
    const proven = trust - outflowTo(state, { sources, target: buyer }, { precision, mostVisits })
    if (proven >= unit) return proven
  }
  return trust * (1 - backflow(state, { sources, target: buyer }, parameters))
}

/** Visits to one node that start at another: at most (1 - alpha) / (1 - (1 - alpha)^2) = 3.06. */
const MOST_RETURNED = 3.1
/** Part of a buyer's trust by which a proof may fall short of the truth. */
const PRECISION = 0.05

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

/** Vouchers that the buyer has given to the seller's cluster, in full ones. */
function givenTo({ clusters, deals }: TrustState, buyer: number, seller: number): number {
  let given = 0
  for (const member of membersOf(clusters, seller)) {
    const deal = findPair(deals.pairs, buyer, member)
    if (deal >= 0) given += deals.given[deal] as number
  }
  return given
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
