import { fade } from './fade.ts'
import type { TrustParameters } from './parameters.ts'
import { type Buckets, rankBuckets } from './rank.ts'
import type { TrustState } from './state.ts'
import { trustUnit } from './trustunit.ts'

/** Graph weights and evidence of everybody, computed anew from the rows. */
export type FullPass = {
  trust: Float64Array
  unit: number
  /** Evidence of every agent, faded to `at` (unix seconds); untrusted vouchers before their cap. */
  fulfilled: Float64Array
  untrusted: Float64Array
  penalty: Float64Array
  at: number
}

/**
 * The nightly full pass: builds the trust graph from every row that counts, iterates it to its fixed
 * point and folds every seller's evidence, independent of what was kept up incrementally. Trust has
 * to equal the incremental one within 1e-9, the evidence to the last few bits.
 */
export function fullPass(
  state: Pick<TrustState, 'history' | 'flow' | 'seeds'>,
  parameters: TrustParameters,
): FullPass {
  const { ledger, untrusted, at } = foldRows(state, parameters)
  const buckets = bucketsOf(state, ledger, parameters)
  const { trust } = rankBuckets(buckets, {
    alpha: parameters.alpha,
    tolerance: 1e-9 * parameters.alpha,
  })
  const unit = trustUnit(trust, buckets.nodes, parameters.massShare)
  return { trust, unit, ...evidenceOf(ledger, buckets.nodes), untrusted, at }
}

/** Numbers of one agent side by side, so that a row touches one line of memory for each party. */
const FIELDS = 4
const TOTAL = 0
const COUNT = 1
const FULFILLED = 2
const PENALTY = 3

/**
 * One pass over the rows: edges are counted, evidence is folded. Successes are faded to the time of
 * the latest row at once; penalties, which rows in between forgive, go in the order of time.
 */
function foldRows(
  { history, flow, seeds }: Pick<TrustState, 'history' | 'flow' | 'seeds'>,
  { successHalfLife, forgiveness, payeeEdge, seedPurchases }: TrustParameters,
): { ledger: Float64Array; untrusted: Float64Array; at: number } {
  const ledger = new Float64Array(flow.nodes * FIELDS)
  const untrusted = new Float64Array(flow.nodes)
  const { count, buyer: buyers, seller: sellers, excluded, weight, edge } = history
  const { at: times, untrusted: without, forgiving, severity } = history
  let last = 0
  for (let row = 0; row < count; row++) last = Math.max(last, times[row] as number)
  for (let row = 0; row < count; row++) {
    const buyer = buyers[row] as number
    if (excluded[row] === 1 || buyer < 0) continue
    const seller = sellers[row] as number
    const own = seller * FIELDS
    const kept = fade(last - (times[row] as number), successHalfLife)
    ledger[own + FULFILLED] = (ledger[own + FULFILLED] as number) + (weight[row] as number) * kept
    const blind = without[row] as number
    if (blind !== 0) untrusted[seller] = (untrusted[seller] as number) + blind * kept
    const forgives = forgiving[row] as number
    const harm = severity[row] as number
    if (forgives > 0 || harm > 0) {
      const open = forgives > 0 ? fade(forgives * forgiveness, 1) : 1
      ledger[own + PENALTY] = (ledger[own + PENALTY] as number) * open + harm
    }
    const paid = edge[row] as number
    if (paid === 0) continue
    const theirs = buyer * FIELDS
    if (buyer >= seeds || seedPurchases) {
      ledger[theirs + TOTAL] = (ledger[theirs + TOTAL] as number) + paid
      ledger[own + COUNT] = (ledger[own + COUNT] as number) + 1
    }
    if (payeeEdge > 0) {
      ledger[own + TOTAL] = (ledger[own + TOTAL] as number) + paid * payeeEdge
      ledger[theirs + COUNT] = (ledger[theirs + COUNT] as number) + 1
    }
  }
  return { ledger, untrusted, at: last }
}

/** The trust graph, placed straight from the rows. */
function bucketsOf(
  { history, flow, seeds }: Pick<TrustState, 'history' | 'flow' | 'seeds'>,
  ledger: Float64Array,
  { payeeEdge, seedPurchases }: TrustParameters,
): Buckets {
  const { nodes, leak } = flow
  const { count, edge, excluded, buyer: buyers, seller: sellers } = history
  const total = new Float64Array(nodes)
  const start = new Int32Array(nodes + 1)
  for (let node = 0; node < nodes; node++) {
    total[node] = (ledger[node * FIELDS + TOTAL] as number) + (leak[node] as number)
    start[node + 1] = (start[node] as number) + (ledger[node * FIELDS + COUNT] as number)
  }
  const place = start.slice(0, nodes)
  const from = new Int32Array(start[nodes] as number)
  const weights = new Float64Array(start[nodes] as number)
  for (let row = 0; row < count; row++) {
    const weight = edge[row] as number
    if (weight === 0 || excluded[row] === 1) continue
    const buyer = buyers[row] as number
    const seller = sellers[row] as number
    if (buyer >= seeds || seedPurchases) {
      const at = place[seller] as number
      place[seller] = at + 1
      from[at] = buyer
      weights[at] = weight
    }
    if (payeeEdge > 0) {
      const at = place[buyer] as number
      place[buyer] = at + 1
      from[at] = seller
      weights[at] = weight * payeeEdge
    }
  }
  const seedNodes = Int32Array.from({ length: seeds }, (_, seed) => seed)
  return { nodes, seeds: seedNodes, leak, total, start, from, weight: weights }
}

function evidenceOf(
  ledger: Float64Array,
  nodes: number,
): { fulfilled: Float64Array; penalty: Float64Array } {
  const fulfilled = new Float64Array(nodes)
  const penalty = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    fulfilled[node] = ledger[node * FIELDS + FULFILLED] as number
    penalty[node] = ledger[node * FIELDS + PENALTY] as number
  }
  return { fulfilled, penalty }
}
