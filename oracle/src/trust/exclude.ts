import { clusterOf } from './cluster.ts'
import { countDeal } from './deal.ts'
import { tally } from './market.ts'
import type { TrustParameters } from './parameters.ts'
import { refoldBuyer, refoldSeller } from './refold.ts'
import { dealIndex, type TrustState } from './state.ts'

/**
 * Takes rows out of every score, graph weight and base rate, or gives them back. What remains of
 * their sellers and buyers is folded anew from the kept rows, so that it equals a history without.
 */
export function setExcluded(
  state: TrustState,
  rows: readonly number[],
  excluded: boolean,
  parameters: TrustParameters,
): void {
  const { history, market, clusters } = state
  const sellers = new Set<number>()
  const buyers = new Set<number>()
  for (const row of rows) {
    if ((history.excluded[row] === 1) === excluded) continue
    history.excluded[row] = excluded ? 1 : 0
    const seller = history.seller[row] as number
    const buyer = history.buyer[row] as number
    sellers.add(seller)
    if (buyer < 0) continue
    buyers.add(buyer)
    const sign = excluded ? -1 : 1
    state.pending.push({ row, sign })
    countDeal(state, row, dealIndex(state, buyer, seller), sign)
    const trade = {
      capability: history.capability[row] as number,
      amount: history.amount[row] as number,
      seller: clusterOf(clusters, seller),
      severity: history.severity[row] as number,
    }
    tally(market, trade, sign)
  }
  for (const seller of sellers) refoldSeller(state, seller, parameters)
  for (const buyer of buyers) refoldBuyer(state, buyer, parameters)
}
