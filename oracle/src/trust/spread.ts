import type { TrustFlow } from './flow.ts'

/**
 * Brings trust to its fixed point after edges came and went: first the common part of all that is
 * owed at once, then the rest along the edges (Gauss-Southwell push), until no node is owed more than
 * `precision` times its share of all edge weight. Coarse amounts go first, so that small ones add up
 * before they are passed on. Where edges weigh the same in both directions, every node is then within
 * `precision / alpha` of its weight's share (Andersen, Chung and Lang 2006).
 */
export function settleFlow(flow: TrustFlow, precision: number): void {
  lift(flow)
  const limits = limitsOf(flow, precision)
  let coarsest = 0
  for (let node = 0; node < flow.nodes; node++) {
    const owed = Math.abs(flow.residual[node] as number) / (limits[node] as number)
    if (owed > coarsest) coarsest = owed
  }
  for (let scale = coarsest / COARSER; scale > 1; scale /= COARSER) push(flow, limits, scale)
  push(flow, limits, 1)
  lift(flow)
}

/** How far any weight may be off, and agents up to which all errors together stay below a tenth of it. */
const EXACT = 1e-9
const SMALL = 20_000

/**
 * The precision by which no weight is off by more than 1e-9: the largest share of all weight decides,
 * since that is where errors collect. A market of up to 20,000 agents can afford far more.
 */
export function precisionFor({ nodes, total, alpha }: TrustFlow): number {
  let [largest, all] = [0, 0]
  for (let node = 0; node < nodes; node++) {
    const weight = total[node] as number
    all += weight
    if (weight > largest) largest = weight
  }
  if (nodes <= SMALL || all === 0) return 1e-11
  return (alpha * EXACT * all) / largest
}

/** How much finer each round is than the one before. */
const COARSER = 32

/** Shares of all weight, as multiples of the mean, between which a node's own share counts. */
const LEAST = 0.1
const MOST = 50

/** What every node may be owed: by its share of all weight, since that is what its trust goes by. */
function limitsOf({ nodes, total }: TrustFlow, precision: number): Float64Array {
  let all = 0
  for (let node = 0; node < nodes; node++) all += total[node] as number
  const limits = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    const share = all > 0 ? ((total[node] as number) * nodes) / all : 0
    limits[node] = (precision * Math.min(MOST, Math.max(LEAST, share))) / nodes
  }
  return limits
}

/**
 * Takes away what all nodes are owed in sum. A change that has spread far reaches everybody by weight
 * and loses only alpha at each step, which is the slowest part of a push: adding trust by weight and
 * subtracting from what is owed exactly what that passes on does all those steps at once (deflation).
 */
function lift({ nodes, alpha, seeds, total, leak, arriving, trust, residual }: TrustFlow): void {
  const pass = 1 - alpha
  let [owed, settled, leaking] = [0, 0, 0]
  for (let node = 0; node < nodes; node++) {
    owed += residual[node] as number
    settled += (total[node] as number) - pass * (arriving[node] as number)
    leaking += leak[node] as number
  }
  settled -= pass * leaking
  if (owed === 0 || settled <= 0) return
  const part = owed / settled
  for (let node = 0; node < nodes; node++) {
    const weight = total[node] as number
    trust[node] = (trust[node] as number) + part * weight
    residual[node] =
      (residual[node] as number) - part * (weight - pass * (arriving[node] as number))
  }
  const home = (part * pass * leaking) / seeds.length
  for (const seed of seeds) residual[seed] = (residual[seed] as number) + home
}

/** Puts trust at a fixed point that was computed elsewhere; nothing is owed then. */
export function settleAt(flow: TrustFlow, trust: Float64Array): void {
  flow.trust.set(trust.subarray(0, flow.nodes))
  flow.residual.fill(0)
}

/** Passes on whatever is above its limit times `scale`, node by node, until nothing is. */
function push(flow: TrustFlow, limits: Float64Array, scale: number): void {
  const { nodes, trust, residual: open, start, length, target, weight, total, leak, seeds } = flow
  const pass = 1 - flow.alpha
  for (let passed = true; passed; ) {
    passed = false
    for (let node = 0; node < nodes; node++) {
      const amount = open[node] as number
      const limit = (limits[node] as number) * scale
      if (amount <= limit && amount >= -limit) continue
      passed = true
      open[node] = 0
      trust[node] = (trust[node] as number) + amount
      const row = total[node] as number
      const back = row <= 0 ? amount : (amount * (leak[node] as number)) / row
      if (back !== 0) {
        for (const seed of seeds) {
          open[seed] = (open[seed] as number) + (back * pass) / seeds.length
        }
      }
      if (row <= 0) continue
      const share = (pass * amount) / row
      const from = start[node] as number
      const end = from + (length[node] as number)
      for (let at = from; at < end; at++) {
        const to = target[at] as number
        open[to] = (open[to] as number) + share * (weight[at] as number)
      }
    }
  }
}
