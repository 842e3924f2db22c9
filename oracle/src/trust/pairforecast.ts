import { habitOf, historyOf, pairRiskOf } from './forecast.ts'
import { habitAt } from './habit.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/** The trade that is forecast; `failure` is the seller's own forecast before recalibration. */
export type PairQuery = {
  buyer: number
  seller: number
  at: number
  base: number
  failure: number
  amount: number
}

/** Risk of this buyer with this seller, before recalibration. */
export function pairForecast(
  state: TrustState,
  query: PairQuery,
  parameters: TrustParameters,
): number {
  const { buyer, at, base, failure } = query
  const habit = habitOf(habitAt(state.habits, buyer, at, parameters), base, parameters)
  return pairRiskOf([failure, habit, historyOf(pairHistory(state, query), base, parameters)], base)
}

/**
 * What the two have been through together: who bought and who sold does not matter, one fulfilled
 * trade counts in full and more of them add nothing (the record already has them), and small trades
 * say little about a large one.
 */
export function pairHistory(
  { deals }: TrustState,
  { buyer, seller, amount }: { buyer: number; seller: number; amount: number },
): { fulfilled: number; failed: number } {
  let fulfilled = 0
  let failed = 0
  for (const deal of [findPair(deals.pairs, buyer, seller), findPair(deals.pairs, seller, buyer)]) {
    if (deal < 0) continue
    failed += deals.failed[deal] as number
    if ((deals.fulfilled[deal] as number) === 0) continue
    const covered = amount > 0 ? Math.min(1, (deals.largest[deal] as number) / amount) : 1
    fulfilled = Math.max(fulfilled, covered)
  }
  return { fulfilled, failed: Math.min(1, failed) }
}
