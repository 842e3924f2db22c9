/**
 * What the full recompute costs at scale, beside a bare typed-array PageRank on the same graph in the
 * same run, and what a single new trade costs on top of it: with its part of the refresh that 250 trades
 * share (`singleUpdate...`), and with a refresh of its own (`aloneUpdateCpuMs`).
 *
 * node scripts/bench/graph.ts --agents 1000000 --trades 10000000
 */
import { parseArgs } from 'node:util'
import type { SettledEscrow } from '../../oracle/src/trust/event.ts'
import { addEdge } from '../../oracle/src/trust/flow.ts'
import { type FullPass, fullPass } from '../../oracle/src/trust/fullpass.ts'
import { growHistory } from '../../oracle/src/trust/history.ts'
import { createTrustModel } from '../../oracle/src/trust/model.ts'
import { TRUST_PARAMETERS } from '../../oracle/src/trust/parameters.ts'
import { takeOver } from '../../oracle/src/trust/passFully.ts'
import { refresh } from '../../oracle/src/trust/refresh.ts'
import { agentIndex } from '../../oracle/src/trust/state.ts'
import { mulberry } from './forecast-bootstrap.ts'
import { type BareGraph, barePageRank } from './graph-bare.ts'

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1000000' },
    trades: { type: 'string', default: '10000000' },
  },
})
const agents = Number(values.agents)
const trades = Number(values.trades)
const SEEDS = 5
const SINGLE = 1_000
const ALONE = 20
const START = 1_700_000_000

const parameters = TRUST_PARAMETERS
const seeds = Array.from({ length: SEEDS }, (_, seed) => `a${seed}`)
const model = createTrustModel({ seeds })
const { state } = model
const graph = fill()

type Cost = { seconds: number; cpuSeconds: number }
const never = { seconds: Number.POSITIVE_INFINITY, cpuSeconds: Number.POSITIVE_INFINITY }
let [own, plain]: [Cost, Cost] = [never, never]
let pass: FullPass | undefined
let bare: Float64Array | undefined
// Three times, alternating, and the best of each: the first run also warms up the compiler.
for (let run = 0; run < 3; run++) {
  plain = cheaper(plain, () => {
    bare = barePageRank(graph, parameters.alpha, 1e-9 * parameters.alpha)
  })
  own = cheaper(own, () => {
    pass = fullPass(state, parameters)
  })
}
if (!pass || !bare) throw new Error('nothing was measured')
const differenceToBare = largestDifference(pass.trust, bare)

// One trade at a time on top, as the oracle takes them: weights, records, graph, detectors and every
// refresh that falls due, which 250 trades share here as they do in any market of this size.
takeOver(state, pass)
const random = mulberry(2)
const durations: number[] = []
let cpuBefore = process.cpuUsage()
for (let trade = 0; trade < SINGLE; trade++) {
  const from = performance.now()
  model.apply(tradeOf(trade))
  durations.push(performance.now() - from)
}
let cpu = process.cpuUsage(cpuBefore)
const singleUpdateCpuMs = (cpu.user + cpu.system) / 1_000 / SINGLE
// And trades that share their refresh with nobody: what exact weights cost at once.
refresh(state, parameters)
const alone = createTrustModel({ seeds, parameters: { ...parameters, refreshEvery: 1 }, state })
cpuBefore = process.cpuUsage()
for (let trade = SINGLE; trade < SINGLE + ALONE; trade++) alone.apply(tradeOf(trade))
cpu = process.cpuUsage(cpuBefore)
const aloneUpdateCpuMs = (cpu.user + cpu.system) / 1_000 / ALONE
const incremental = state.flow.trust.slice(0, agents)
const after = fullPass(state, parameters)

console.log(
  JSON.stringify({
    agents,
    trades,
    seconds: own.seconds,
    bareSeconds: plain.seconds,
    ratio: own.seconds / plain.seconds,
    // On a machine with other work only the CPU compares.
    cpuSeconds: own.cpuSeconds,
    bareCpuSeconds: plain.cpuSeconds,
    cpuRatio: own.cpuSeconds / plain.cpuSeconds,
    singleUpdateMs: durations.reduce((sum, duration) => sum + duration, 0) / SINGLE,
    singleUpdateCpuMs,
    aloneUpdateCpuMs,
    singleUpdateMedianMs: durations.sort((left, right) => left - right)[SINGLE / 2],
    singleUpdateMaxMs: durations.at(-1),
    differenceToBare,
    differenceToIncremental: largestDifference(after.trust, incremental),
  }),
)

function cheaper(before: Cost, work: () => void): Cost {
  const [from, cpuFrom] = [performance.now(), process.cpuUsage()]
  work()
  const { user, system } = process.cpuUsage(cpuFrom)
  return {
    seconds: Math.min(before.seconds, (performance.now() - from) / 1e3),
    cpuSeconds: Math.min(before.cpuSeconds, (user + system) / 1e6),
  }
}

function tradeOf(trade: number): SettledEscrow {
  return {
    kind: 'settled',
    escrowId: `single-${trade}`,
    at: START + trades + trade,
    buyer: `a${Math.floor(random() * agents)}`,
    seller: `a${Math.floor(random() ** 2 * agents)}`,
    capability: 'any',
    amount: 50_000_000n,
    protocolFee: 500_000n,
    ending: 'completed',
    sellerBps: 10_000,
  }
}

/** Random trades, sellers skewed to a few, straight into the columns of the oracle's state. */
function fill(): BareGraph {
  const random = mulberry(1)
  for (let agent = 0; agent < agents; agent++) agentIndex(state, `a${agent}`)
  const { history, flow } = state
  growHistory(history, trades + SINGLE + ALONE)
  const sources = new Int32Array(2 * trades)
  const targets = new Int32Array(2 * trades)
  const weights = new Float64Array(2 * trades)
  let edges = 0
  const edge = (source: number, target: number, weight: number): void => {
    sources[edges] = source
    targets[edges] = target
    weights[edges++] = weight
    addEdge(flow, source, target, weight)
  }
  // Trust spreads only once everything stands: a flow without trust takes edges in constant time.
  flow.trust.fill(0)
  flow.residual.fill(0)
  for (let row = 0; row < trades; row++) {
    const buyer = Math.floor(random() * agents)
    let seller = Math.floor(random() ** 2 * agents)
    if (seller === buyer) seller = (seller + 1) % agents
    const weight = 0.1 + random()
    const failed = random() < 0.05
    history.buyer[row] = buyer
    history.seller[row] = seller
    history.at[row] = START + row
    history.amount[row] = weight * 50_000_000
    history.weight[row] = failed ? 0 : random()
    history.severity[row] = failed ? 1 : 0
    history.edge[row] = failed ? 0 : weight
    history.earlierOfSeller[row] = state.lastOfSeller[seller] as number
    state.lastOfSeller[seller] = row
    history.earlierOfBuyer[row] = state.lastOfBuyer[buyer] as number
    state.lastOfBuyer[buyer] = row
    if (failed) continue
    if (buyer >= SEEDS) edge(buyer, seller, weight)
    edge(seller, buyer, weight)
  }
  history.count = trades
  state.events = trades
  return {
    nodes: agents,
    edges,
    sources,
    targets,
    weights,
    seeds: Array.from({ length: SEEDS }, (_, seed) => seed),
  }
}

function largestDifference(left: Float64Array, right: Float64Array): number {
  let largest = 0
  for (let node = 0; node < agents; node++) {
    largest = Math.max(largest, Math.abs((left[node] as number) - (right[node] as number)))
  }
  return largest
}
