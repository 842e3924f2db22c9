import type { TrustFlow } from './flow.ts'

/**
 * Brings trust to its fixed point after edges came and went: what nodes are owed is passed on along
 * their edges (Gauss-Southwell push), the largest amounts first and ever finer, so that small ones add
 * up before they are passed on, until no trust is off by more than `error` times its node's share of
 * all edge weight. Where edges weigh the same in both directions, nodes that are owed at most `worst`
 * times their share leave trust off by at most `worst / alpha` (Andersen, Chung and Lang 2006); where
 * the last rounds shrank what is owed by a steady factor, the rest is a geometric series and less. A
 * slow change may hide below a fast one there, hence the margin.
 */
export function settleFlow(flow: TrustFlow, error: number): void {
  const debt = debtOf(flow, error)
  let worst = worstOf(flow, debt)
  let contraction = 1 - flow.alpha
  const finest = MARGIN * error * flow.alpha
  let isLate = false
  for (let threshold = worst; worst > MARGIN * error * (1 - contraction); ) {
    const finer = threshold > NEAR ? COARSER : FINER
    threshold = Math.max(threshold / finer, finest)
    pushAbove(flow, debt, threshold)
    if (threshold > FINER * FINER * error) continue
    const before = worst
    worst = worstOf(flow, debt)
    if (isLate) contraction = Math.min(1 - flow.alpha, worst / before)
    isLate = true
    // As fine as it gets: what rounding leaves does not shrink.
    if (threshold === finest && worst >= before) break
  }
}

/** How far any weight may be off, and agents up to which all errors together stay below a tenth of it. */
const EXACT = 1e-9
const SMALL = 20_000

/**
 * The error by which no weight is off by more than 1e-9: the largest share of all weight decides,
 * since that is where errors collect. A market of up to 20,000 agents can afford far less.
 */
export function errorFor({ nodes, total }: TrustFlow): number {
  let [largest, all] = [0, 0]
  for (let node = 0; node < nodes; node++) {
    const weight = total[node] as number
    all += weight
    if (weight > largest) largest = weight
  }
  if (nodes <= SMALL || all === 0) return 1e-11
  return (EXACT * all) / largest
}

/** How much finer each round is than the one before: near the source of a change, and where it is everywhere. */
const COARSER = 32
const FINER = 4
/** What a node is owed in parts of its share where a change has gone through a few hands. */
const NEAR = 1e-3

/** Shares of all weight, as multiples of the mean, between which a node's own share counts. */
const LEAST = 0.1
const MOST = 50

/**
 * What may be off where all small nodes stand around one large one, which gets what each of them is still
 * owed: the lower bound above is so low that they are owed no more than this together.
 */
const AROUND_ONE = EXACT / 4

/** What of the error is used up where it follows from a measured factor. */
const MARGIN = 0.5

/** Each push passes on a little too much: whatever comes back finds it there (over-relaxation, below 1 / (1 - alpha / 2)). */
const RELAXATION = 1.05

/** What all nodes are owed together, and by what the parts are measured. */
type Debt = {
  /** A node's share for each unit of its weight, and between what it counts. */
  share: number
  least: number
  most: number
  /** What all nodes are owed in sum. */
  owed: number
  /** What the sum falls by for trust that is everywhere one unit for each unit of weight; what of it leaks. */
  settled: number
  leaking: number
}

function debtOf({ nodes, alpha, total, arriving, leak }: TrustFlow, error: number): Debt {
  const pass = 1 - alpha
  let [all, settled, leaking] = [0, 0, 0]
  for (let node = 0; node < nodes; node++) {
    all += total[node] as number
    settled += (total[node] as number) - pass * (arriving[node] as number)
    leaking += leak[node] as number
  }
  return {
    share: all > 0 ? 1 / all : 0,
    least: Math.min(LEAST, AROUND_ONE / error) / nodes,
    most: MOST / nodes,
    owed: 0,
    settled: settled - pass * leaking,
    leaking,
  }
}

/** The most that any node is owed, in parts of its share; counts the sum of all on the way. */
function worstOf({ nodes, total, residual }: TrustFlow, debt: Debt): number {
  const { share, least, most } = debt
  let [worst, sum] = [0, 0]
  for (let node = 0; node < nodes; node++) {
    const own = share * (total[node] as number)
    const owed = residual[node] as number
    sum += owed
    const part = (owed < 0 ? -owed : owed) / (own < least ? least : own > most ? most : own)
    if (part > worst) worst = part
  }
  debt.owed = sum
  return worst
}

/**
 * One round: every node that is owed more than `threshold` of its share passes it on. On the way it
 * takes away what all nodes are owed in sum: a change that has spread far reaches everybody by weight
 * and loses only alpha at each step, which is the slowest part of a push. Adding trust by weight and
 * subtracting from what is owed exactly what that passes on does all those steps at once (deflation).
 */
function pushAbove(flow: TrustFlow, debt: Debt, threshold: number): void {
  const { nodes, alpha, trust, residual, start, length, target, weight, total } = flow
  const { leak, arriving } = flow
  const { share, least, most, settled, leaking } = debt
  flow.revision++
  const pass = 1 - alpha
  const lifted = settled > 0 ? debt.owed / settled : 0
  debt.owed -= lifted * settled
  returnToSeeds(flow, lifted * pass * leaking)
  let sum = 0
  for (let node = 0; node < nodes; node++) {
    const row = total[node] as number
    const owed = (residual[node] as number) - lifted * (row - pass * (arriving[node] as number))
    const own = share * row
    const limit = threshold * (own < least ? least : own > most ? most : own)
    if (owed <= limit && owed >= -limit) {
      residual[node] = owed
      trust[node] = (trust[node] as number) + lifted * row
      continue
    }
    const amount = owed * RELAXATION
    residual[node] = owed - amount
    trust[node] = (trust[node] as number) + lifted * row + amount
    sum += amount
    const back = row <= 0 ? amount : (amount * (leak[node] as number)) / row
    if (back !== 0) returnToSeeds(flow, back * pass)
    if (row <= 0) continue
    const each = (pass * amount) / row
    const from = start[node] as number
    const end = from + (length[node] as number)
    for (let at = from; at < end; at++) {
      const to = target[at] as number
      residual[to] = (residual[to] as number) + each * (weight[at] as number)
    }
  }
  debt.owed -= alpha * sum
}

function returnToSeeds({ seeds, residual }: TrustFlow, amount: number): void {
  for (const seed of seeds) {
    residual[seed] = (residual[seed] as number) + amount / seeds.length
  }
}

/** Puts trust at a fixed point that was computed elsewhere; nothing is owed then. */
export function settleAt(flow: TrustFlow, trust: Float64Array): void {
  flow.trust.set(trust.subarray(0, flow.nodes))
  flow.residual.fill(0)
  flow.revision++
}
