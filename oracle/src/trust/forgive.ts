import { clusterOf } from './cluster.ts'
import { grown } from './column.ts'
import { fade } from './fade.ts'
import { internPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/**
 * A trusted delivery forgives as much as its weight, scaled by its value against the loss that is
 * still open, and once per cluster since the latest failure.
 */
export function forgivingOf(
  state: TrustState,
  { buyer, seller, amount, row }: { buyer: number; seller: number; amount: number; row: number },
  weight: number,
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
  return weight * (loss > 0 ? Math.min(1, amount / loss) : 1)
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
