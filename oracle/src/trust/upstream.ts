import { grown } from './column.ts'
import { edgeWeight } from './flow.ts'
import type { TrustState } from './state.ts'

/** Who passes trust to a node, with the weights of their edges, in the first `count` places; stands until the next call. */
export type Above = { nodes: Int32Array; weights: Float64Array; count: number; visits: number }

/**
 * Whoever passes trust to a node, found by its trades, the latest first: for graphs whose edges weigh
 * differently in the two directions. Ends after `most` trades.
 */
export function gatherAbove(
  { flow, history, lastOfSeller, lastOfBuyer }: TrustState,
  node: number,
  payeeEdge: number,
  most: number,
): Above {
  nodes = grown(nodes, most)
  weights = grown(weights, most)
  const seen = new Set<number>()
  let [count, visits] = [0, 0]
  const visit = (from: number): void => {
    visits++
    if (from < 0 || seen.has(from)) return
    seen.add(from)
    nodes[count] = from
    weights[count++] = edgeWeight(flow, from, node)
  }
  for (let row = lastOfSeller[node] as number; row >= 0 && visits < most; ) {
    visit(history.buyer[row] as number)
    row = history.earlierOfSeller[row] as number
  }
  if (payeeEdge === 0) return { nodes, weights, count, visits }
  for (let row = lastOfBuyer[node] as number; row >= 0 && visits < most; ) {
    visit(history.seller[row] as number)
    row = history.earlierOfBuyer[row] as number
  }
  return { nodes, weights, count, visits }
}

let nodes = new Int32Array(0)
let weights = new Float64Array(0)
