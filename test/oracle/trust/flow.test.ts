import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addEdge,
  boundRow,
  createTrustFlow,
  edgeWeight,
  forEachEdge,
  growFlow,
  repackRows,
  type TrustFlow,
} from '../../../oracle/src/trust/flow.ts'
import { rankGraph } from '../../../oracle/src/trust/rank.ts'
import { errorFor, settleFlow } from '../../../oracle/src/trust/spread.ts'
import { trustUnit } from '../../../oracle/src/trust/trustunit.ts'
import { generator } from './generator.ts'

/** The textbook definition with a dense matrix: the reference for both implementations. */
function reference(weights: number[][], seeds: number[], alpha: number): number[] {
  const n = weights.length
  const start = weights.map((_, node) => (seeds.includes(node) ? 1 / seeds.length : 0))
  let trust = [...start]
  for (let step = 0; step < 500; step++) {
    const next = start.map((share) => share * alpha)
    for (let source = 0; source < n; source++) {
      const total = weights[source]!.reduce((sum, weight) => sum + weight, 0)
      for (let target = 0; target < n; target++) {
        const share = total > 0 ? weights[source]![target]! / total : start[target]!
        next[target]! += (1 - alpha) * trust[source]! * share
      }
    }
    trust = next
  }
  return trust
}

function full(flow: TrustFlow): Float64Array {
  const sources: number[] = []
  const targets: number[] = []
  const weights: number[] = []
  for (let source = 0; source < flow.nodes; source++) {
    forEachEdge(flow, source, (target, weight) => {
      sources.push(source)
      targets.push(target)
      weights.push(weight)
    })
  }
  const graph = {
    nodes: flow.nodes,
    edges: sources.length,
    sources: Int32Array.from(sources),
    targets: Int32Array.from(targets),
    weights: Float64Array.from(weights),
    seeds: flow.seeds,
    leak: flow.leak,
  }
  return rankGraph(graph, { alpha: flow.alpha, tolerance: 1e-14 }).trust
}

describe('flow', () => {
  test('[TAP-01] incremental and full trust match a dense reference to 1e-9, and sum to 1', () => {
    const random = generator(7)
    const n = 40
    const flow = createTrustFlow({ alpha: 0.15, seeds: 3 })
    growFlow(flow, n)
    const dense = Array.from({ length: n }, () => new Array<number>(n).fill(0))
    for (let edge = 0; edge < 400; edge++) {
      const source = Math.floor(random() * n)
      const target = Math.floor(random() * n)
      if (source === target) continue
      const weight = 0.1 + random()
      addEdge(flow, source, target, weight)
      dense[source]![target]! += weight
      if (edge % 50 === 0) settleFlow(flow, 1e-15)
    }
    settleFlow(flow, 1e-15)
    const want = reference(dense, [0, 1, 2], 0.15)
    const whole = full(flow)
    for (let node = 0; node < n; node++) {
      assert.ok(Math.abs(flow.trust[node]! - want[node]!) < 1e-9)
      assert.ok(Math.abs(whole[node]! - want[node]!) < 1e-9)
    }
    const sum = flow.trust.subarray(0, n).reduce((total, value) => total + value, 0)
    assert.ok(Math.abs(sum - 1) < 1e-9)
  })

  test('edges that are taken out again leave the trust as it was', () => {
    const random = generator(3)
    const flow = createTrustFlow({ alpha: 0.15, seeds: 1 })
    growFlow(flow, 20)
    for (let edge = 0; edge < 60; edge++) {
      const source = Math.floor(random() * 20)
      addEdge(flow, source, (source + 1 + Math.floor(random() * 19)) % 20, 1)
    }
    settleFlow(flow, 1e-15)
    const before = flow.trust.slice()
    addEdge(flow, 0, 7, 5)
    addEdge(flow, 7, 3, 2)
    settleFlow(flow, 1e-15)
    assert.notEqual(flow.trust[7], before[7])
    addEdge(flow, 0, 7, -5)
    addEdge(flow, 7, 3, -2)
    settleFlow(flow, 1e-15)
    for (let node = 0; node < 20; node++) {
      assert.ok(Math.abs(flow.trust[node]! - before[node]!) < 1e-12)
    }
  })

  test('two markets with one trade between them settle within the error, slowly as it crosses', () => {
    const random = generator(11)
    const half = 200
    const flow = createTrustFlow({ alpha: 0.15, seeds: 1 })
    growFlow(flow, 2 * half)
    const trade = (one: number, other: number, weight: number): void => {
      if (one === other) return
      addEdge(flow, one, other, weight)
      addEdge(flow, other, one, weight)
    }
    for (let edge = 0; edge < 4_000; edge++) {
      const side = edge % 2 === 0 ? 0 : half
      const [one, other] = [random(), random()].map((part) => side + Math.floor(part * half))
      trade(one!, other!, 0.5 + random())
    }
    trade(0, half, 1)
    settleFlow(flow, 1e-15)
    trade(3, half + 5, 4)
    trade(7, 9, 2)
    const error = 1e-7
    settleFlow(flow, error)
    const want = full(flow)
    const all = flow.total.reduce((sum, total) => sum + total, 0)
    for (let node = 0; node < 2 * half; node++) {
      const share = flow.total[node]! / all
      assert.ok(Math.abs(want[node]! - flow.trust[node]!) < error * share)
    }
  })

  test('no trust is off by more than 1e-9 where most agents buy a little from one seller', () => {
    const random = generator(13)
    const [small, agents] = [32_000, 40_000]
    const flow = createTrustFlow({ alpha: 0.15, seeds: 5 })
    growFlow(flow, agents)
    const trade = (one: number, other: number, weight: number): void => {
      if (one === other) return
      addEdge(flow, one, other, weight)
      addEdge(flow, other, one, weight)
    }
    const [shop, first] = [5, 6 + small]
    const anybody = (): number => first + Math.floor(random() * (agents - first))
    for (let one = 6; one < first; one++) trade(one, shop, 0.001)
    for (let one = first; one < agents; one++) {
      for (let edge = 0; edge < 3; edge++) trade(one, anybody(), 0.5 + random())
    }
    for (let edge = 0; edge < 250; edge++) trade(edge % 5, anybody(), 1)
    for (let edge = 0; edge < 20; edge++) trade(shop, anybody(), 0.3)
    settleFlow(flow, errorFor(flow))
    for (let edge = 0; edge < 20; edge++) trade(shop, anybody(), 0.1)
    settleFlow(flow, errorFor(flow))
    const want = full(flow)
    for (let node = 0; node < agents; node++) {
      assert.ok(Math.abs(want[node]! - flow.trust[node]!) < 1e-9)
    }
  })

  test('what rounding leaves ends a settlement that asks for more', () => {
    const flow = createTrustFlow({ alpha: 0.15, seeds: 1 })
    growFlow(flow, 3)
    addEdge(flow, 0, 1, 0.1)
    addEdge(flow, 1, 2, 0.3)
    addEdge(flow, 2, 1, 0.7)
    settleFlow(flow, 1e-40)
    const want = full(flow)
    for (let node = 0; node < 3; node++) {
      assert.ok(Math.abs(want[node]! - flow.trust[node]!) < 1e-13)
    }
  })

  test('rows that are repacked are the same rows, and grow on', () => {
    const random = generator(5)
    const n = 60
    const kept = createTrustFlow({ alpha: 0.15, seeds: 1 })
    const moved = createTrustFlow({ alpha: 0.15, seeds: 1 })
    for (const flow of [kept, moved]) growFlow(flow, n)
    for (let edge = 0; edge < 2_000; edge++) {
      const [one, other] = [random() ** 3, random()].map((part) => Math.floor(part * n))
      for (const flow of [kept, moved]) addEdge(flow, one!, other!, 1 + (edge % 7))
      if (edge % 90 === 0) repackRows(moved)
    }
    repackRows(moved)
    assert.ok(moved.used < 1.5 * moved.pairs.size)
    for (let node = 0; node < n; node++) {
      const [left, right] = [kept, moved].map((flow) => {
        const edges: [number, number][] = []
        forEachEdge(flow, node, (target, weight) => edges.push([target, weight]))
        return edges
      })
      assert.deepEqual(left, right)
      for (const [target, weight] of right!) {
        assert.equal(edgeWeight(moved, node, target), weight)
      }
    }
  })

  test('a bounded seed passes at most its share to one cluster and the trust still sums to 1', () => {
    const flow = createTrustFlow({ alpha: 0.15, seeds: 1 })
    growFlow(flow, 30)
    for (let node = 1; node < 30; node++) addEdge(flow, 0, node, node < 10 ? 100 : 1)
    const cluster = (node: number) => (node < 10 ? 1 : node)
    boundRow(flow, 0, 0.01, cluster)
    settleFlow(flow, 1e-15)
    let passed = 0
    for (let node = 1; node < 10; node++) {
      passed += edgeWeight(flow, 0, node) / flow.total[0]!
    }
    assert.ok(passed <= 0.01 + 1e-12)
    const sum = flow.trust.subarray(0, 30).reduce((total, value) => total + value, 0)
    assert.ok(Math.abs(sum - 1) < 1e-9)
    const whole = full(flow)
    for (let node = 0; node < 30; node++) {
      assert.ok(Math.abs(whole[node]! - flow.trust[node]!) < 1e-9)
    }
  })

  test('the unit goes by trust mass: a thousand sybils do not move it', () => {
    const trust = new Float64Array(1_010)
    for (let node = 0; node < 10; node++) trust[node] = 0.1
    const unit = trustUnit(trust, 10, 0.03)
    for (let node = 10; node < 1_010; node++) trust[node] = 1e-9
    assert.equal(unit, 0.1)
    assert.equal(trustUnit(trust, 1_010, 0.03), unit)
  })
})
