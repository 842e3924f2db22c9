import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compositeOf, DIMENSION_WEIGHTS } from '@earnest/sdk/protocol'
import * as fc from 'fast-check'
import { idleDecay } from '../../../oracle/src/trust/breakdown.ts'
import { DIMENSIONS } from '../../../oracle/src/trust/dimension.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { fullPass } from '../../../oracle/src/trust/fullpass.ts'
import { createTrustModel, replay } from '../../../oracle/src/trust/model.ts'
import { evidenceAt } from '../../../oracle/src/trust/record.ts'
import { refresh } from '../../../oracle/src/trust/refresh.ts'
import { generator } from './generator.ts'
import { DAY, livelyEvents, livelyMarket, SEEDS, START, settled } from './market.ts'

/** A random history with failures, disputes, facts, incidents, bonds and a self-dealing pair. */
function history(seed: number, trades: number): TrustEvent[] {
  const random = generator(seed)
  const events = livelyEvents(60)
  const name = () => `p${Math.floor(random() * 60)}`
  for (let i = 0; i < trades; i++) {
    const at = START + i * 1_800
    const [buyer, seller] = [name(), name()]
    if (buyer === seller) continue
    const failed = random() < 0.1
    const disputed = random() < 0.1
    events.push(
      settled({
        buyer,
        seller,
        at,
        amount: BigInt(Math.round(10 ** (7 + 2 * random()))),
        capability: random() < 0.5 ? 'dcf_modeling' : 'translation',
        ending: failed ? 'expired' : disputed ? 'resolved' : 'completed',
        sellerBps: failed ? 0 : disputed ? 7_000 : 10_000,
        ...(disputed && !failed ? { dispute: { by: 'buyer' as const, awardedBps: 7_000 } } : {}),
        facts: { passed: failed ? 0 : 0.8 + 0.2 * random(), modelAsAgreed: random() < 0.95 },
      }),
    )
    if (i % 40 === 7) {
      const incidentId = `i${i}`
      events.push({
        kind: 'incident',
        incidentId,
        agent: name(),
        at,
        class: 'security',
        severity: 0.5,
        reason: 'replay',
      })
    }
    if (i % 50 === 9) {
      events.push({ kind: 'bond', agent: name(), at, staked: 5_000_000_000n, free: 4_000_000_000n })
    }
  }
  return events
}

describe('model', () => {
  test('[ORC-03] the composite is an integer in 0..1000 and equals the published weights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (seed) => {
        const model = createTrustModel({ seeds: SEEDS })
        for (const event of history(seed, 60)) model.apply(event)
        for (let person = 0; person < 60; person++) {
          const now = START + 40 * DAY
          const answer = model.assess({ agent: `p${person}`, role: 'seller', now })
          const { compositeScore, scoreBreakdown } = answer
          for (const value of Object.values(scoreBreakdown)) {
            assert.ok(value === null || (value >= 0 && value <= 100))
          }
          if (compositeScore === null) continue
          assert.ok(Number.isInteger(compositeScore) && compositeScore >= 0)
          assert.ok(compositeScore <= 1_000)
          const weighted = compositeOf(scoreBreakdown) as number
          assert.equal(compositeScore, Math.max(0, weighted - answer.idleDecay))
        }
      }),
      { numRuns: 10 },
    )
  })

  test('[ORC-05] [W-8] twelve dimensions with weights that sum to 100; unmeasured ones are null', () => {
    const weights = Object.values(DIMENSION_WEIGHTS)
    assert.equal(weights.length, 12)
    assert.equal(
      weights.reduce((sum, weight) => sum + weight, 0),
      100,
    )
    const model = livelyMarket(40)
    for (let i = 0; i < 10; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'bare', at: START + i }))
    }
    const { scoreBreakdown, compositeScore } = model.assess({
      agent: 'bare',
      role: 'seller',
      now: START + 60,
    })
    assert.equal(Object.keys(scoreBreakdown).length, 12)
    const measured = Object.entries(scoreBreakdown).filter(([, value]) => value !== null)
    assert.deepEqual(
      measured.map(([name]) => name),
      ['reliability'],
    )
    assert.equal(compositeScore, Math.round(10 * (scoreBreakdown.reliability as number)))
  })

  test('incremental equals the full pass: trust within 1e-9, evidence and published integers equal', () => {
    const events = history(3, 700)
    const model = createTrustModel({ seeds: SEEDS })
    for (const event of events) model.apply(event)
    refresh(model.state, model.parameters)
    const full = fullPass(model.state, model.parameters)
    for (let agent = 0; agent < model.state.agents.length; agent++) {
      assert.ok(Math.abs(full.trust[agent]! - model.state.flow.trust[agent]!) < 1e-9)
      const evidence = evidenceAt(model.state.whole, agent, full.at, model.parameters)
      assert.ok(Math.abs(full.fulfilled[agent]! - evidence.fulfilled) < 1e-9)
      assert.equal(full.penalty[agent], evidence.penalty)
    }
    const again = replay(events, { seeds: SEEDS })
    const now = START + 60 * DAY
    for (const agent of model.state.agents) {
      for (const role of ['seller', 'buyer'] as const) {
        assert.deepEqual(again.assess({ agent, role, now }), model.assess({ agent, role, now }))
      }
    }
  })

  test('a snapshot continues to the same answers, and the root commits to every event in order', () => {
    const events = history(4, 300)
    const whole = replay(events, { seeds: SEEDS })
    const half = replay(events.slice(0, 200), { seeds: SEEDS })
    const continued = createTrustModel({ seeds: SEEDS, state: half.snapshot() })
    for (const event of events.slice(200)) continued.apply(event)
    assert.equal(continued.eventRoot(), whole.eventRoot())
    const query = { agent: 'p3', role: 'seller', now: START + 30 * DAY } as const
    assert.deepEqual(continued.assess(query), whole.assess(query))
    assert.notEqual(half.eventRoot(), whole.eventRoot())
    const swapped = [events[1]!, events[0]!, ...events.slice(2)]
    assert.notEqual(replay(swapped, { seeds: SEEDS }).eventRoot(), whole.eventRoot())
  })

  test('[W-51] [ATK-02] a payment without a delivery and a trade with oneself leave the score as it was', () => {
    const model = livelyMarket(30)
    const query = { agent: 'p1', role: 'seller', now: START + DAY } as const
    const { eventRoot: _, lastActiveAt: __, ...before } = model.assess(query)
    model.apply(settled({ buyer: 'p2', seller: 'p1', at: START, ending: 'paid' }))
    model.apply(settled({ buyer: 'p1', seller: 'p1', at: START }))
    const { eventRoot: ___, lastActiveAt: ____, ...after } = model.assess(query)
    assert.deepEqual(after, before)
  })

  test('[ATK-02] nothing but a settled escrow makes a rating: neither a bond nor a good mark nor time', () => {
    const model = livelyMarket(30)
    const agent = 'talker'
    const bond = { staked: 100_000_000_000n, free: 100_000_000_000n }
    model.apply({ kind: 'agent', agent, at: START, organization: 'acme', wallet: '0x09' })
    model.apply({ kind: 'bond', agent, at: START, ...bond })
    for (let i = 0; i < 200; i++) {
      model.apply({ kind: 'activity', agent, at: START + i })
      model.apply({ kind: 'observation', agent, at: START + i, dimension: 'latency', mark: 1 })
    }
    const rated = (now: number) => {
      const answer = model.assess({ agent, role: 'seller', now })
      return [answer.status, answer.compositeScore, answer.certificationLevel, answer.pacts.length]
    }
    for (const days of [0, 1, 400]) {
      assert.deepEqual(rated(START + days * DAY), ['unrated', null, 'none', 0])
    }
    // And one does.
    for (let i = 0; i < 10; i++) model.apply(settled({ buyer: `p${i}`, seller: agent, at: START }))
    assert.deepEqual(rated(START + 1).at(0), 'rated')
  })

  test('[W-29] [UNS-14] an agent without evidence is unrated, never a number', () => {
    const model = livelyMarket(30)
    const stranger = model.assess({ agent: 'stranger', role: 'seller', now: START })
    assert.equal(stranger.status, 'unrated')
    assert.equal(stranger.compositeScore, null)
    assert.equal(stranger.certificationLevel, 'none')
    assert.equal(stranger.evidence, 0)
    // Vouchers without any trust path are worth half a trade together, however many.
    for (let i = 0; i < 200; i++) {
      model.apply(settled({ buyer: `nobody-${i}`, seller: 'pushed', at: START + i }))
    }
    const pushed = model.assess({ agent: 'pushed', role: 'seller', now: START + 200 })
    assert.equal(pushed.compositeScore, null)
    assert.ok(pushed.evidence <= 0.5)
  })

  test('[REP-11] [W-22] idle decay starts after seven days, takes a point a week and is reset by a trade', () => {
    const points = [0, 7, 13.99, 14, 21, 372].map((days) => idleDecay(START, START + days * DAY))
    assert.deepEqual(points, [0, 0, 0, 1, 2, 52])
    const model = livelyMarket(30)
    for (let i = 0; i < 12; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'idle', at: START + i }))
    }
    const at = (days: number) => {
      const now = START + 11 + days * DAY
      return model.assess({ agent: 'idle', role: 'seller', now })
    }
    assert.equal(at(7).idleDecay, 0)
    assert.equal(at(14).idleDecay, 1)
    assert.equal(at(14).compositeScore, (compositeOf(at(14).scoreBreakdown) as number) - 1)
    // Looking (being queried) and heartbeats reset nothing; a settled trade does.
    model.apply({ kind: 'activity', agent: 'idle', at: START + 20 * DAY })
    assert.equal(at(28).idleDecay, 3)
    model.apply(settled({ buyer: 'p20', seller: 'idle', at: START + 28 * DAY }))
    assert.equal(at(29).idleDecay, 0)
    assert.ok((at(20_000).compositeScore ?? 0) >= 0)
  })

  test('[REP-12] of two mirrored histories the one with the recent successes stands higher', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 20; i++) {
      const at = START + i * 10 * DAY
      const failed = { ending: 'expired', sellerBps: 0, protocolFee: 0n } as const
      model.apply(settled({ buyer: `p${i}`, seller: 'rising', at, ...(i === 0 ? failed : {}) }))
      model.apply(
        settled({ buyer: `p${i + 20}`, seller: 'falling', at, ...(i === 19 ? failed : {}) }),
      )
    }
    const now = START + 200 * DAY
    assert.ok(model.rank({ agent: 'rising', now }) > model.rank({ agent: 'falling', now }))
  })

  test('[ORC-09] [ORC-12] the 90-day figures count to the second', () => {
    const model = livelyMarket(30)
    model.apply(settled({ buyer: 'p1', seller: 'timed', at: START }))
    model.apply({
      kind: 'incident',
      incidentId: 'i-1',
      agent: 'timed',
      at: START,
      class: 'harm',
      severity: 1,
      reason: 'leaked data',
    })
    const at = (now: number) => model.assess({ agent: 'timed', role: 'seller', now })
    const edge = START + 90 * DAY
    assert.equal(at(edge - 1).tasksCompleted90d, 1)
    assert.equal(at(edge - 1).fulfillmentRate90d, 1)
    assert.equal(at(edge + 1).tasksCompleted90d, 0)
    assert.equal(at(edge + 1).fulfillmentRate90d, null)
    assert.equal(at(START).incidentCount90d, 1)
    assert.equal(at(edge + 1).incidentCount90d, 0)
  })

  test('[ORC-16] an incident shows in the next answer, and withdrawing it restores the score', () => {
    const model = livelyMarket(40)
    for (let i = 0; i < 20; i++) {
      const facts = { passed: 1 }
      model.apply(settled({ buyer: `p${i}`, seller: 'solid', at: START + i, facts }))
    }
    const at = (now: number) => model.assess({ agent: 'solid', role: 'seller', now })
    const before = at(START + 100)
    const incident = { kind: 'incident', incidentId: 'i', agent: 'solid', class: 'harm' } as const
    model.apply({ ...incident, at: START + 101, severity: 1, reason: 'harm' })
    const hit = at(START + 102)
    assert.ok((hit.compositeScore as number) < (before.compositeScore as number))
    assert.equal(hit.scoreUpdatedAt, START + 101)
    model.apply({ ...incident, at: START + 103, severity: 0, reason: 'withdrawn' })
    const restored = at(START + 104)
    assert.equal(restored.scoreBreakdown.safety, before.scoreBreakdown.safety)
    assert.equal(restored.compositeScore, before.compositeScore)
    // And once a day in any case (a recompute within 24 h).
    assert.ok(at(START + 5 * DAY + 3).scoreUpdatedAt > START + 4 * DAY)
  })

  test('[ORC-08] [ORC-17] pacts of the answer equal a recount, also for one capability', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 40 }), (trades) => {
        const model = livelyMarket(45)
        trades.forEach(([good, first], i) => {
          model.apply(
            settled({
              buyer: `p${i}`,
              seller: 'counted',
              at: START + i,
              capability: first ? 'alpha' : 'beta',
              ...(good ? {} : { ending: 'expired', sellerBps: 0, protocolFee: 0n }),
            }),
          )
        })
        const now = START + 100
        const { pacts } = model.assess({ agent: 'counted', role: 'seller', now })
        for (const [capability, wanted] of [
          ['alpha', true],
          ['beta', false],
        ] as const) {
          const own = trades.filter(([, first]) => first === wanted)
          const line = pacts.find((pact) => pact.capability === capability)
          assert.equal(line?.taskCount ?? 0, own.length)
          if (!line) continue
          assert.equal(line.fulfillmentRate, own.filter(([good]) => good).length / own.length)
          const only = model.assess({ agent: 'counted', role: 'seller', capability, now })
          assert.deepEqual(only.pacts, [line])
        }
      }),
      { numRuns: 15 },
    )
  })

  test('[TAP-13] [DSP-20] a verdict lowers accuracy and reliability and nothing else', () => {
    const model = livelyMarket(600)
    for (let i = 0; i < 30; i++) {
      const facts = { passed: 1, modelAsAgreed: true, runtimeAsAgreed: true }
      model.apply(settled({ buyer: `p${i}`, seller: 'loser', at: START + i, facts }))
    }
    const now = START + 100
    const before = model.assess({ agent: 'loser', role: 'seller', now }).scoreBreakdown
    model.apply(
      settled({
        buyer: 'nobody-trusted',
        seller: 'loser',
        at: now,
        ending: 'resolved',
        sellerBps: 6_000,
        dispute: { by: 'buyer', awardedBps: 6_000 },
        facts: { modelAsAgreed: true, runtimeAsAgreed: true },
      }),
    )
    const after = model.assess({ agent: 'loser', role: 'seller', now }).scoreBreakdown
    // The market's failure rate moves with every trade, and all dimensions with it, by a hair.
    const lower = DIMENSIONS.filter((name) => (before[name] ?? 0) - (after[name] ?? 0) > 2)
    assert.deepEqual(lower, ['accuracy', 'reliability'])
  })

  test('what the explanation says of an event is what a world without it shows', () => {
    const seller = 'told'
    const trades = Array.from({ length: 12 }, (_, i) =>
      settled({ buyer: `p${i}`, seller, at: START + i * DAY }),
    )
    const failed = { ending: 'expired', sellerBps: 0, protocolFee: 0n } as const
    trades.push(settled({ buyer: 'p30', seller, at: START + 5 * DAY + 1, ...failed }))
    trades.sort((left, right) => left.at - right.at)
    const now = START + 15 * DAY
    const of = (events: readonly TrustEvent[]) => {
      const model = livelyMarket(60)
      for (const event of events) model.apply(event)
      const { upper } = model.forecast({ seller, at: now })
      return { upper, told: model.explain({ agent: seller, now, limit: 20 }) }
    }
    const { upper, told } = of(trades)
    assert.equal(told.length, trades.length)
    const size = told.map(({ moves }) => Math.abs(moves))
    assert.deepEqual(
      size,
      size.toSorted((left, right) => right - left),
    )
    for (const { eventId, moves } of told) {
      const without = of(trades.filter(({ escrowId }) => escrowId !== eventId))
      // The market's own rate of failure moves with every trade, by a hair.
      const really = upper - without.upper
      assert.ok(Math.abs(moves - really) < 0.006, `${eventId}: ${moves}, really ${really}`)
      assert.equal(Math.sign(moves), Math.sign(really))
    }
  })

  test('the explanation leads with the event that moves the bound most', () => {
    const model = livelyMarket(40)
    for (let i = 0; i < 10; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'told', at: START + i }))
    }
    const failure = settled({
      buyer: 'p20',
      seller: 'told',
      at: START + 50,
      ending: 'expired',
      sellerBps: 0,
    })
    model.apply(failure)
    const [first, second] = model.explain({ agent: 'told', now: START + 60 })
    assert.equal(first?.eventId, failure.escrowId)
    assert.ok(first!.moves > 0 && second!.moves < 0)
    // In a capability only its own trades, of a buyer only what it bought.
    const [only, ...none] = model.explain({
      agent: 'told',
      now: START + 60,
      capability: 'translation',
    })
    assert.deepEqual([only, none.length], [undefined, 0])
    const bought = model.explain({ agent: 'p3', now: START + 60, role: 'buyer' })
    assert.equal(bought.length, 3)
    assert.ok(bought.every(({ moves }) => moves < 0))
  })
})
