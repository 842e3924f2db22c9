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
  /** Rows lie in one pool, each in a piece that moves to the end when it is full. */
  target: Int32Array
  weight: Float64Array
  used: number
  start: Int32Array
  length: Int32Array
  room: Int32Array
  total: Float64Array
  leak: Float64Array
  trust: Float64Array
  residual: Float64Array
  queue: Int32Array
  queued: Uint8Array
  waiting: number
  /** Scratch of `backflow`, all zero between calls. */
  parcel: Float64Array
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
    trust: new Float64Array(0),
    residual: new Float64Array(0),
    queue: new Int32Array(0),
    queued: new Uint8Array(0),
    waiting: 0,
    parcel: new Float64Array(0),
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
  flow.trust = grown(flow.trust, nodes)
  flow.residual = grown(flow.residual, nodes)
  flow.queue = grown(flow.queue, nodes)
  flow.queued = grown(flow.queued, nodes)
  flow.parcel = grown(flow.parcel, nodes)
  flow.nodes = nodes
}

function disturb(flow: TrustFlow, node: number, amount: number): void {
  flow.residual[node] = (flow.residual[node] as number) + amount
  if (flow.queued[node]) return
  flow.queued[node] = 1
  flow.queue[flow.waiting++] = node
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
  const from = flow.start[source] as number
  const length = flow.length[source] as number
  flow.target = grown(flow.target, flow.used + room)
  flow.weight = grown(flow.weight, flow.used + room)
  flow.target.copyWithin(flow.used, from, from + length)
  flow.weight.copyWithin(flow.used, from, from + length)
  flow.start[source] = flow.used
  flow.room[source] = room
  flow.used += room
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

/**
 * Spreads every pending change until no node is off by more than `residual` (Gauss-Southwell push):
 * the sum of all errors is then at most nodes * residual / alpha. Coarse changes go first, so that
 * small ones add up before they are passed on.
 */
export function settleFlow(flow: TrustFlow, residual: number): void {
  const { residual: open, queue, queued } = flow
  let coarsest = 0
  for (let i = 0; i < flow.waiting; i++) {
    coarsest = Math.max(coarsest, Math.abs(open[queue[i] as number] as number))
  }
  for (let threshold = coarsest / 8; threshold > residual; threshold /= 8) push(flow, threshold)
  push(flow, residual)
  for (let i = 0; i < flow.waiting; i++) queued[queue[i] as number] = 0
  flow.waiting = 0
}

/** Puts trust at a fixed point that was computed elsewhere; nothing is pending then. */
export function settleAt(flow: TrustFlow, trust: Float64Array): void {
  flow.trust.set(trust.subarray(0, flow.nodes))
  flow.residual.fill(0)
  flow.queued.fill(0)
  flow.waiting = 0
}

/** Passes on what is above the threshold; the rest stays in the queue for a finer round. */
function push(flow: TrustFlow, threshold: number): void {
  const { trust, residual: open, queue, queued, start, length, target, weight, total, leak } = flow
  const pass = 1 - flow.alpha
  const seedShare = pass / flow.seeds.length
  const capacity = flow.nodes
  let first = 0
  let waiting = flow.waiting
  let settled = 0
  // The queue is a ring: a node stands in it at most once, so it never overflows.
  const enqueue = (node: number): void => {
    queued[node] = 1
    let at = first + waiting
    if (at >= capacity) at -= capacity
    queue[at] = node
    waiting++
    settled = 0
  }
  while (waiting > settled) {
    const node = queue[first] as number
    first = first + 1 === capacity ? 0 : first + 1
    waiting--
    const amount = open[node] as number
    if (amount <= threshold && amount >= -threshold) {
      // Too little for this round: to the end of the queue.
      let at = first + waiting
      if (at >= capacity) at -= capacity
      queue[at] = node
      waiting++
      settled++
      continue
    }
    settled = 0
    queued[node] = 0
    open[node] = 0
    trust[node] = (trust[node] as number) + amount
    const row = total[node] as number
    const back = row <= 0 ? amount : (amount * (leak[node] as number)) / row
    if (back !== 0) {
      for (const seed of flow.seeds) {
        open[seed] = (open[seed] as number) + back * seedShare
        if (queued[seed] === 0) enqueue(seed)
      }
    }
    if (row <= 0) continue
    const share = (pass * amount) / row
    const from = start[node] as number
    const end = from + (length[node] as number)
    for (let at = from; at < end; at++) {
      const to = target[at] as number
      open[to] = (open[to] as number) + share * (weight[at] as number)
      if (queued[to] === 0) enqueue(to)
    }
  }
  // Straighten the ring, so that the waiting ones stand at the front again.
  const rest = new Int32Array(waiting)
  for (let i = 0; i < waiting; i++) rest[i] = queue[(first + i) % capacity] as number
  queue.set(rest)
  flow.waiting = waiting
}

/**
 * Trust at `target` that came out of any of the `sources`, however many hands it went through, without
 * passing a source again: last-exit decomposition, so that trust of the target less this is what it
 * would have if the sources bought nothing. Whom they paid themselves is always looked at; behind
 * them the largest parcels are followed first, down to `negligible` or until the work is spent.
 */
export function backflow(flow: TrustFlow, { sources, target, negligible }: BackflowQuery): number {
  const { start, length, total, weight, trust, parcel } = flow
  const pass = 1 - flow.alpha
  const touched: number[] = []
  let waiting: number[] = []
  let reached = 0
  let visits = 0
  let largest = 0
  const send = (node: number, amount: number): void => {
    const row = total[node] as number
    if (row <= 0) return
    const share = (pass * amount) / row
    const from = start[node] as number
    const end = from + (length[node] as number)
    visits += end - from
    for (let at = from; at < end; at++) {
      const to = flow.target[at] as number
      const before = parcel[to] as number
      // A source passes on what it holds once, whatever comes back to it.
      if (before < 0) continue
      const arriving = share * (weight[at] as number)
      if (to === target) reached += arriving
      if (before === 0) touched.push(to)
      const after = before + arriving
      parcel[to] = after
      if (before <= negligible && after > negligible) waiting.push(to)
      if (after > largest) largest = after
    }
  }
  for (const source of sources) parcel[source] = -1
  for (const source of sources) send(source, trust[source] as number)
  const most = visits + (flow.nodes <= 20_000 ? MOST_VISITS.few : MOST_VISITS.many)
  const held = trust[target] as number
  for (
    let threshold = largest / 8;
    waiting.length > 0;
    threshold = Math.max(negligible, threshold / 8)
  ) {
    const later: number[] = []
    for (let at = 0; at < waiting.length; at++) {
      if (visits >= most || reached >= held) break
      const node = waiting[at] as number
      const amount = parcel[node] as number
      if (amount <= threshold && threshold > negligible) {
        later.push(node)
        continue
      }
      parcel[node] = Number.MIN_VALUE
      send(node, amount)
    }
    if (visits >= most || reached >= held) break
    waiting = later
  }
  for (const node of touched) parcel[node] = 0
  for (const source of sources) parcel[source] = 0
  return reached
}

/**
 * Edges that are followed behind the first hands, with up to 20,000 agents and with more: there each
 * is a random read in a large memory, and the largest parcels come first anyway.
 */
const MOST_VISITS = { few: 20_000, many: 2_500 }

type BackflowQuery = { sources: readonly number[]; target: number; negligible: number }
