import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calibrate, tally } from '@earnest/sdk/protocol'
import { type RuledCase, tierOf } from '../../../oracle/src/settlement/statistics.ts'

/** Mulberry32: the same disputes in every run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Disputes whose right share is known, ruled by the jury's own counting over judges who err by chance. */
function simulated(favour: (by: RuledCase['disputedBy']) => number): RuledCase[] {
  const random = generator(7)
  const equal = calibrate([], 5)
  return Array.from({ length: 600 }, (_, i) => {
    const disputedBy = i % 2 === 0 ? 'buyer' : 'seller'
    const right = Math.round(2_000 + 6_000 * random())
    const votes = Array.from({ length: 5 }, () => {
      const noise = 3_000 * (random() - 0.5)
      return Math.max(0, Math.min(10_000, Math.round(right + noise + favour(disputedBy))))
    })
    const { sellerBps } = tally(votes, equal)
    return {
      tier: 'jury',
      escalatedAt: 0,
      ruledAt: 3_600,
      sellerBps: sellerBps ?? 0,
      checkedBps: right,
      disputedBy,
      appealed: false,
      overturned: false,
      domainMatch: null,
    }
  })
}

describe('statistics', () => {
  test('[TAP-22] over simulated disputes the share follows the truth and not the role', () => {
    const { bias } = tierOf(simulated(() => 0))
    for (const { cases, mean } of Object.values(bias)) {
      assert.ok(cases >= 300)
      assert.ok(Math.abs(mean ?? 100) < 1.5, `${mean}`)
    }
  })

  test('[TAP-22][UNS-13] an arbiter that favours one role is seen, whoever disputes', () => {
    const { bias } = tierOf(simulated(() => 800))
    assert.ok(bias.all.low! > 5)
    const partial = tierOf(simulated((by) => (by === 'buyer' ? -800 : 0))).bias
    assert.ok(partial.disputedByBuyer.high! < -5)
    assert.ok(Math.abs(partial.disputedBySeller.mean!) < 1.5)
  })

  test('[UNS-13] latency is by nearest rank, and without a case there is no figure', () => {
    const [one] = simulated(() => 0)
    const cases = [10, 20, 30, 40].map((seconds) => ({ ...one!, ruledAt: seconds }))
    assert.deepEqual(tierOf(cases).latency, { p50: 20, p95: 40, longest: 40 })
    const none = tierOf([])
    assert.deepEqual(none.latency, { p50: null, p95: null, longest: null })
    assert.equal(none.bias.all.mean, null)
    assert.equal(none.domainMatch, null)
  })
})
