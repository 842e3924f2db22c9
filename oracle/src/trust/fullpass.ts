import { fade } from './fade.ts'
import type { TrustParameters } from './parameters.ts'
import { type Buckets, rankBuckets } from './rank.ts'
import type { TrustState } from './state.ts'
import { trustUnit } from './trustunit.ts'

/** Graph weights and evidence of everybody, computed anew from the rows. */
export type FullPass = {
  trust: Float64Array
  unit: number
  /** For each agent four numbers: fulfilled, untrusted, penalty, and when they were folded last. */
  evidence: Float64Array
}

/**
 * The nightly full pass: builds the trust graph from every row that counts, iterates it to its fixed
 * point and folds every seller's evidence, independent of what was kept up incrementally. Trust has
 * to equal the incremental one within 1e-9, the evidence exactly.
 */
export function fullPass(
  state: Pick<TrustState, 'history' | 'flow' | 'seeds'>,
  parameters: TrustParameters,
): FullPass {
  const buckets = bucketsOf(state, parameters)
  const { trust } = rankBuckets(buckets, {
    alpha: parameters.alpha,
    tolerance: 1e-9 * parameters.alpha,
  })
  const unit = trustUnit(trust, buckets.nodes, parameters.massShare)
  return { trust, unit, ...foldAll(state, parameters) }
}

/** The trust graph straight from the rows: counted once, placed once. */
function bucketsOf(
  { history, flow, seeds }: Pick<TrustState, 'history' | 'flow' | 'seeds'>,
  { alpha, payeeEdge, seedPurchases }: TrustParameters,
): Buckets {
  const { nodes, leak } = flow
  const { count, edge, excluded, buyer: buyers, seller: sellers } = history
  const total = leak.slice(0, nodes)
  const start = new Int32Array(nodes + 1)
  let edges = 0
  for (let row = 0; row < count; row++) {
    const weight = edge[row] as number
    if (weight === 0 || excluded[row] === 1) continue
    const buyer = buyers[row] as number
    const seller = sellers[row] as number
    if (buyer >= seeds || seedPurchases) {
      total[buyer] = (total[buyer] as number) + weight
      start[seller + 1] = (start[seller + 1] as number) + 1
      edges++
    }
    if (payeeEdge > 0) {
      total[seller] = (total[seller] as number) + weight * payeeEdge
      start[buyer + 1] = (start[buyer + 1] as number) + 1
      edges++
    }
  }
  const rate = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    start[node + 1] = (start[node + 1] as number) + (start[node] as number)
    const row = total[node] as number
    rate[node] = row > 0 ? (1 - alpha) / row : 0
  }
  const place = start.slice(0, nodes)
  const from = new Int32Array(edges)
  const gain = new Float64Array(edges)
  for (let row = 0; row < count; row++) {
    const weight = edge[row] as number
    if (weight === 0 || excluded[row] === 1) continue
    const buyer = buyers[row] as number
    const seller = sellers[row] as number
    if (buyer >= seeds || seedPurchases) {
      const at = place[seller] as number
      place[seller] = at + 1
      from[at] = buyer
      gain[at] = weight * (rate[buyer] as number)
    }
    if (payeeEdge > 0) {
      const at = place[buyer] as number
      place[buyer] = at + 1
      from[at] = seller
      gain[at] = weight * payeeEdge * (rate[seller] as number)
    }
  }
  const seedNodes = Int32Array.from({ length: seeds }, (_, seed) => seed)
  return { nodes, seeds: seedNodes, leak, total, start, from, gain }
}

/** Numbers of one seller side by side, so that a row touches one line of memory. */
const FIELDS = 4

/** Rows are in the order of time, so that one pass over them folds every record. */
function foldAll(
  { history, flow }: Pick<TrustState, 'history' | 'flow'>,
  { successHalfLife, forgiveness }: TrustParameters,
): Pick<FullPass, 'evidence'> {
  const evidence = new Float64Array(flow.nodes * FIELDS)
  const { count, at, buyer, seller: sellers, excluded, weight, untrusted } = history
  const { forgiving, severity } = history
  for (let row = 0; row < count; row++) {
    if (excluded[row] === 1 || (buyer[row] as number) < 0) continue
    const seller = (sellers[row] as number) * FIELDS
    const since = evidence[seller + 3] as number
    const now = at[row] as number
    const kept = since === 0 ? 0 : fade(now - since, successHalfLife)
    evidence[seller] = (evidence[seller] as number) * kept + (weight[row] as number)
    evidence[seller + 1] = (evidence[seller + 1] as number) * kept + (untrusted[row] as number)
    const forgives = forgiving[row] as number
    const open = forgives > 0 ? fade(forgives * forgiveness, 1) : 1
    evidence[seller + 2] = (evidence[seller + 2] as number) * open + (severity[row] as number)
    evidence[seller + 3] = Math.max(since, now)
  }
  return { evidence }
}
