import { grown } from './column.ts'
import { createPairTable, findPair, internPair, type PairTable } from './pairtable.ts'

/**
 * Personalised PageRank from the seeds (EigenTrust), kept at its fixed point
 * `trust = alpha * seeds + (1 - alpha) * P' * trust` while edges come and go. A row without edges,
 * and the `leak` of a row, go back to the seeds, so that trust always sums to 1.
 * Plain data, so that it can be cloned and stored.
 */
export type TrustFlow = {
  alpha: number
  nodes: number
  seeds: number[]
  /** Place of every edge within the row of its source. */
  pairs: PairTable
  place: Int32Array
  /** Rows lie in one pool, each in a piece that moves to the end when it is full (`repackRows`). */
  target: Int32Array
  weight: Float64Array
  used: number
  start: Int32Array
  length: Int32Array
  room: Int32Array
  total: Float64Array
  leak: Float64Array
  /** Weight of all edges into a node. */
  arriving: Float64Array
  trust: Float64Array
  /** What every node is still owed: the fixed point is where nothing is. */
  residual: Float64Array
  /** Counts up whenever an edge or trust changes. */
  revision: number
}

/** A flow over the nodes 0 .. seeds - 1, all of them seeds. */
export function createTrustFlow({ alpha, seeds }: { alpha: number; seeds: number }): TrustFlow {
  const flow: TrustFlow = {
    alpha,
    nodes: 0,
    seeds: Array.from({ length: seeds }, (_, seed) => seed),
    pairs: createPairTable(),
    place: new Int32Array(0),
    target: new Int32Array(0),
    weight: new Float64Array(0),
    used: 0,
    start: new Int32Array(0),
    length: new Int32Array(0),
    room: new Int32Array(0),
    total: new Float64Array(0),
    leak: new Float64Array(0),
    arriving: new Float64Array(0),
    trust: new Float64Array(0),
    residual: new Float64Array(0),
    revision: 0,
  }
  growFlow(flow, seeds)
  toSeeds(flow, alpha)
  return flow
}

/** Makes room for the nodes 0 .. nodes - 1. */
export function growFlow(flow: TrustFlow, nodes: number): void {
  if (nodes <= flow.nodes) return
  flow.start = grown(flow.start, nodes)
  flow.length = grown(flow.length, nodes)
  flow.room = grown(flow.room, nodes)
  flow.total = grown(flow.total, nodes)
  flow.leak = grown(flow.leak, nodes)
  flow.arriving = grown(flow.arriving, nodes)
  flow.trust = grown(flow.trust, nodes)
  flow.residual = grown(flow.residual, nodes)
  flow.nodes = nodes
}

function disturb(flow: TrustFlow, node: number, amount: number): void {
  flow.residual[node] = (flow.residual[node] as number) + amount
}

function toSeeds(flow: TrustFlow, amount: number): void {
  for (const seed of flow.seeds) disturb(flow, seed, amount / flow.seeds.length)
}

/**
 * Accounts for `change` more weight from `source`, of which `arrive` tells where it goes. The trust
 * of the source is scaled with its row, so that what the other targets receive stays as it was and
 * one edge costs constant time however long the row is.
 */
function reweigh(
  flow: TrustFlow,
  source: number,
  change: number,
  arrive: (amount: number) => void,
): void {
  const before = flow.total[source] as number
  const after = before + change < 1e-12 ? 0 : before + change
  const trust = flow.trust[source] as number
  const pass = (1 - flow.alpha) * trust
  flow.total[source] = after
  flow.revision++
  if (trust === 0 || change === 0) return
  if (before === 0) {
    toSeeds(flow, -pass)
    arrive(pass)
  } else if (after === 0) {
    arrive(-pass)
    toSeeds(flow, pass)
  } else {
    const scaled = (trust * change) / before
    flow.trust[source] = trust + scaled
    disturb(flow, source, -scaled)
    arrive((pass * change) / before)
  }
}

/** Adds `change` (negative: takes away) to the weight of the edge; `settleFlow` then spreads it. */
export function addEdge(flow: TrustFlow, source: number, target: number, change: number): void {
  const known = flow.pairs.size
  const edge = internPair(flow.pairs, source, target)
  if (edge === known) appendToRow(flow, source, target)
  const at = (flow.start[source] as number) + (flow.place[edge] as number)
  const before = flow.weight[at] as number
  // Weights that were put in and taken out again leave a rounding residue: snap it to zero.
  const kept = before + change
  const after = Math.abs(kept) < 1e-9 * Math.abs(before) ? 0 : kept
  flow.weight[at] = after
  flow.arriving[target] = Math.max(0, (flow.arriving[target] as number) + (after - before))
  reweigh(flow, source, after - before, (amount) => disturb(flow, target, amount))
}

function appendToRow(flow: TrustFlow, source: number, target: number): void {
  const length = flow.length[source] as number
  if (length === (flow.room[source] as number)) moveRow(flow, source, Math.max(4, length * 2))
  flow.place = grown(flow.place, flow.pairs.size)
  flow.place[flow.pairs.size - 1] = length
  flow.target[(flow.start[source] as number) + length] = target
  flow.length[source] = length + 1
}

function moveRow(flow: TrustFlow, source: number, room: number): void {
  if (flow.used + room > flow.target.length) repackRows(flow, room)
  const from = flow.start[source] as number
  const length = flow.length[source] as number
  flow.target.copyWithin(flow.used, from, from + length)
  flow.weight.copyWithin(flow.used, from, from + length)
  flow.start[source] = flow.used
  flow.room[source] = room
  flow.used += room
}

/**
 * Lays the rows into a new pool, one behind the other in the order of their nodes, with some room each
 * and as much again at the end: whoever goes through all of them reads memory in its order, and pieces
 * that rows have left are gone.
 */
export function repackRows(flow: TrustFlow, extra = 0): void {
  const { nodes, start, length, room } = flow
  let used = 0
  for (let node = 0; node < nodes; node++) {
    const own = length[node] as number
    room[node] = own === 0 ? 0 : own + Math.max(2, own >> 2)
    used += room[node] as number
  }
  const target = new Int32Array(2 * used + extra)
  const weight = new Float64Array(2 * used + extra)
  let at = 0
  for (let node = 0; node < nodes; node++) {
    const from = start[node] as number
    const end = from + (length[node] as number)
    target.set(flow.target.subarray(from, end), at)
    weight.set(flow.weight.subarray(from, end), at)
    start[node] = at
    at += room[node] as number
  }
  flow.target = target
  flow.weight = weight
  flow.used = used
}

/** Weight of the edge, 0 if there is none. */
export function edgeWeight(flow: TrustFlow, source: number, target: number): number {
  const edge = findPair(flow.pairs, source, target)
  if (edge < 0) return 0
  return flow.weight[(flow.start[source] as number) + (flow.place[edge] as number)] as number
}

/** Calls `visit(target, weight)` for every edge of the source. */
export function forEachEdge(
  flow: TrustFlow,
  source: number,
  visit: (target: number, weight: number) => void,
): void {
  const start = flow.start[source] as number
  const end = start + (flow.length[source] as number)
  for (let at = start; at < end; at++) {
    const weight = flow.weight[at] as number
    if (weight > 0) visit(flow.target[at] as number, weight)
  }
}

/**
 * Holds back so much of a row that no cluster gets more than `share` of it: whoever buys a seed's
 * favour with fees still gets at most that.
 */
export function boundRow(
  flow: TrustFlow,
  source: number,
  share: number,
  clusterOf: (node: number) => number,
): void {
  const clusters = new Map<number, number>()
  let sum = 0
  let largest = 0
  forEachEdge(flow, source, (target, weight) => {
    const cluster = clusterOf(target)
    const joint = (clusters.get(cluster) ?? 0) + weight
    clusters.set(cluster, joint)
    sum += weight
    largest = Math.max(largest, joint)
  })
  const leak = Math.max(0, largest / share - sum)
  const change = leak - (flow.leak[source] as number)
  flow.leak[source] = leak
  reweigh(flow, source, change, (amount) => toSeeds(flow, amount))
}
