import { clusterOf } from './cluster.ts'
import { grown } from './column.ts'
import { fade } from './fade.ts'
import { internPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'
import type { Voucher } from './voucher.ts'

/**
 * A trusted delivery forgives as much as its weight, scaled by its value against the loss that is
 * still open, and once per cluster since the latest failure. Who forgives must also be trusted as much
 * as who suffered: what was done to people of standing is not repaired by many who have little of it,
 * which is what bought edges are.
 */
export function forgivingOf(
  state: TrustState,
  { buyer, seller, amount, row }: { buyer: number; seller: number; amount: number; row: number },
  { weight, standing }: Voucher,
): number {
  const penalties = state.penalties.get(seller)
  if (weight === 0 || ((state.whole.penalty[seller] as number) === 0 && !penalties?.length))
    return 0
  const { forgiven } = state
  const entry = internPair(forgiven.pairs, seller, clusterOf(state.clusters, buyer))
  forgiven.row = grown(forgiven.row, entry + 1)
  const before = (forgiven.row[entry] as number) - 1
  if (before > (state.lastFailure[seller] as number)) return 0
  forgiven.row[entry] = row + 1
  const loss = state.whole.loss[seller] as number
  const value = loss > 0 ? Math.min(1, amount / loss) : 1
  return weight * value * Math.min(1, standing / Math.max(1, standingOfHarmed(state, seller)))
}

/**
 * Mean standing of those who suffered from a seller, each with the weight of its word: whoever stages
 * failures with accounts that nobody trusts does not lower it.
 */
export function standingOfHarmed({ whole }: TrustState, seller: number): number {
  const grievance = whole.grievance[seller] as number
  return grievance > 0 ? (whole.gravity[seller] as number) / grievance : 0
}

/** Fades the open penalties of an agent by one trusted delivery. */
export function forgivePenalties(
  state: TrustState,
  agent: number,
  forgiving: number,
  { forgiveness }: TrustParameters,
): void {
  for (const penalty of state.penalties.get(agent) ?? []) {
    penalty.open *= fade(forgiving * forgiveness, 1)
  }
}
