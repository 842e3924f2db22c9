import { clusterOf } from './cluster.ts'
import { addEdge, boundRow } from './flow.ts'
import type { TrustParameters } from './parameters.ts'
import { errorFor, settleFlow } from './spread.ts'
import type { TrustState } from './state.ts'
import { trustUnit } from './trustunit.ts'

/** Adds the edges of a trade to the trust graph, or takes them out again. */
function connect(
  state: TrustState,
  row: number,
  sign: 1 | -1,
  { payeeEdge, seedPurchases, seedClusterShare }: TrustParameters,
): void {
  const { flow, history, clusters } = state
  const buyer = history.buyer[row] as number
  const seller = history.seller[row] as number
  const weight = sign * (history.edge[row] as number)
  if (weight === 0) return
  if (buyer >= state.seeds || seedPurchases) addEdge(flow, buyer, seller, weight)
  if (payeeEdge > 0) addEdge(flow, seller, buyer, weight * payeeEdge)
  if (seedClusterShare >= 1) return
  for (const node of [buyer, seller]) {
    if (node >= state.seeds) continue
    boundRow(flow, node, seedClusterShare, (agent) => clusterOf(clusters, agent))
  }
}

/** A young market is measured anew at every trade, an old one at every two hundred and fiftieth. */
export function isRefreshDue(
  { pending, events }: TrustState,
  { refreshEvery }: TrustParameters,
): boolean {
  return pending.length >= Math.min(refreshEvery, Math.max(1, events / 50))
}

/**
 * Puts the trades since the last refresh into the trust graph, brings trust to its fixed point and
 * measures the unit of a voucher anew. In between graph and trust stand still together, so that
 * money that moves between two refreshes can neither be seen twice nor hide.
 */
export function refresh(state: TrustState, parameters: TrustParameters): void {
  const { flow } = state
  for (const { row, sign } of state.pending) connect(state, row, sign, parameters)
  state.pending = []
  settleFlow(flow, errorFor(flow))
  state.unit = trustUnit(flow.trust, flow.nodes, parameters.massShare)
}
