import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bondTierOf } from '../../../oracle/src/trust/bondtier.ts'
import { DISPUTE_SENTENCE, isDisputeFlag, isFrivolous } from '../../../oracle/src/trust/buyer.ts'
import { certificationOf } from '../../../oracle/src/trust/certification.ts'
import type { Harm, TrustEvent } from '../../../oracle/src/trust/event.ts'
import { eventOfWire, wireOfEvent } from '../../../oracle/src/trust/eventlog.ts'
import { harmDone, isUpheld } from '../../../oracle/src/trust/harm.ts'
import {
  PENALTY_TABLE,
  penalised,
  penaltyMultiplier,
  penaltyPoints,
} from '../../../oracle/src/trust/penalty.ts'
import { isPoor, poorWork, withdrawn } from '../../../oracle/src/trust/quality.ts'
import { DAY, livelyMarket, START, settled } from './market.ts'

const missed = { ending: 'expired', sellerBps: 0, protocolFee: 0n } as const

describe('penalties', () => {
  test('[REP-01] [W-43] a missed deadline takes 8 from reliability and 5 from latency: 88 to 80, 79 to 74', () => {
    const penalty = { kind: 'deadlineMissed', at: 0, event: 0, multiplier: 1, open: 1 } as const
    assert.equal(penalised(88, penaltyPoints([penalty], 'reliability')), 80)
    assert.equal(penalised(79, penaltyPoints([penalty], 'latency')), 74)
    const model = livelyMarket(10)
    model.apply(settled({ buyer: 'p1', seller: 'late', at: START, ...missed, facts: {} }))
    const { penalties } = model.assess({ agent: 'late', role: 'seller', now: START })
    assert.deepEqual(penalties, [
      { code: 'deadline_missed', at: START, points: { reliability: 8, latency: 5 } },
    ])
  })

  test('[W-43] the table of penalties is what is published under its version', () => {
    assert.deepEqual(PENALTY_TABLE, {
      version: 'earnest-penalties/2',
      multipliers: [1, 1.5, 2.25, 4],
      window: 90 * DAY,
      points: {
        deadlineMissed: { reliability: 8, latency: 5 },
        partialDelivery: { accuracy: 3, scopeHonesty: 6 },
        disputeLost: { accuracy: 5, reliability: 5 },
        harmIncident: { safety: 15 },
        securityIncident: { security: 15 },
        unavailable: { availability: 10 },
        outageRecovered: { latency: 3 },
        executionFailure: { harnessStability: 4 },
        poorQuality: { accuracy: 5 },
      },
    })
  })

  test('[REP-05] a partial delivery takes 3 from accuracy and 6 from scope honesty', () => {
    const model = livelyMarket(10)
    model.apply(
      settled({
        buyer: 'p1',
        seller: 'partly',
        at: START,
        amount: 500_000_000n,
        ending: 'resolved',
        sellerBps: 7_500,
        dispute: { by: 'arbiter', awardedBps: 7_500 },
        facts: { passed: 0.7, partial: true },
      }),
    )
    const { penalties } = model.assess({ agent: 'partly', role: 'seller', now: START })
    assert.deepEqual(
      penalties.map(({ points }) => points),
      [{ accuracy: 3, scopeHonesty: 6 }],
    )
  })

  test('[REP-04] repeats within 90 days count 1, 1.5, 2.25 and then 4 times', () => {
    const times = [0, 10, 20, 30, 40].map((day) => day * DAY)
    const multipliers = times.map((at, i) => penaltyMultiplier(times.slice(0, i), at))
    assert.deepEqual(multipliers, [1, 1.5, 2.25, 4, 4])
    assert.equal(penaltyMultiplier([0], 90 * DAY - 1), 1.5)
    assert.equal(penaltyMultiplier([0], 90 * DAY), 1)
    assert.match(PENALTY_TABLE.version, /^earnest-penalties\//)
  })

  test('poor work found by a spot check takes 5 from accuracy, once a round, until a ruling takes its place', () => {
    const work = { escrowId: '0x1', round: 1, seller: 's', capability: 'c', at: START }
    assert.deepEqual([5_999, 6_000].map(isPoor), [true, false])
    const model = livelyMarket(10)
    const standing = () => model.assess({ agent: 's', role: 'seller', now: START })
    for (const qualityBps of [2_000, 0]) model.apply(poorWork({ ...work, qualityBps }))
    assert.deepEqual(standing().penalties, [
      { code: 'poor_quality', at: START, points: { accuracy: 5 } },
    ])
    // It is no grave incident, and no deadline: it limits nobody's trades.
    assert.equal(model.sanction({ agent: 's', now: START }).rung, 'none')
    model.apply(withdrawn(work, 'a ruling took its place'))
    assert.deepEqual([standing().penalties, standing().incidentCount90d], [[], 0])
  })

  test('[REP-03] the third missed deadline within 90 days opens a bond review and takes a tier off', () => {
    const review = (model: ReturnType<typeof livelyMarket>) =>
      model.reviews().filter(({ reason }) => reason === 'three_deadlines_missed')
    const model = livelyMarket(10)
    const bond = { kind: 'bond', at: START, staked: 5_000_000_000n, free: 5_000_000_000n } as const
    model.apply({ ...bond, agent: 'slow' })
    model.apply({ ...bond, agent: 'spread' })
    for (const day of [0, 40]) {
      model.apply(settled({ buyer: 'p1', seller: 'slow', at: START + day * DAY, ...missed }))
    }
    assert.equal(review(model).length, 0)
    const place = model.discoverability({ agent: 'slow', now: START + 40 * DAY })
    model.apply(settled({ buyer: 'p2', seller: 'slow', at: START + 89 * DAY, ...missed }))
    assert.deepEqual(
      review(model).map(({ kind, subject }) => [kind, subject]),
      [['bondTier', 'slow']],
    )
    const answer = model.assess({ agent: 'slow', role: 'seller', now: START + 89 * DAY })
    assert.equal(answer.bondTier, 1)
    assert.ok(answer.flags.some(({ code }) => code === 'deadline_repeater'))
    assert.ok(model.discoverability({ agent: 'slow', now: START + 89 * DAY }) < place)
    for (const day of [0, 50, 100]) {
      model.apply(settled({ buyer: 'p3', seller: 'spread', at: START + day * DAY, ...missed }))
    }
    assert.equal(review(model).length, 1)
  })

  test('[REP-10] unavailability costs health outside the twelve dimensions', () => {
    const model = livelyMarket(10)
    const trade = settled({ buyer: 'p1', seller: 'gone', at: START, ...missed })
    model.apply({ ...trade, facts: { outage: 'lasting' } })
    const answer = model.assess({ agent: 'gone', role: 'seller', now: START })
    assert.equal(answer.health.availability, 90)
    assert.equal(answer.incidentCount90d, 0)
  })

  test('penalties are forgiven by trusted deliveries and never by waiting', () => {
    const model = livelyMarket(60)
    model.apply(settled({ buyer: 'p0', seller: 'better', at: START, ...missed }))
    const open = (now: number) =>
      model.assess({ agent: 'better', role: 'seller', now }).penalties[0]?.points.reliability ?? 0
    assert.equal(open(START + 1_000 * DAY), 8)
    for (let i = 1; i <= 6; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'better', at: START + i }))
    }
    assert.ok(open(START + 10) > 0 && open(START + 10) < 4)
    // The same buyer again, and sybils, forgive nothing.
    const before = open(START + 10)
    for (let i = 0; i < 30; i++) {
      model.apply(settled({ buyer: 'p1', seller: 'better', at: START + 20 + i }))
      model.apply(settled({ buyer: `sybil-${i}`, seller: 'better', at: START + 20 + i }))
    }
    assert.equal(open(START + 100), before)
  })
})

describe('tiers', () => {
  test('[W-42] [ORC-07] bond tiers at their thresholds; a changed bond changes the next answer', () => {
    const usdc = 1_000_000n
    const tiers = [499n, 500n, 4_999n, 5_000n, 25_000n, 99_999n, 100_000n].map((n) =>
      bondTierOf(n * usdc),
    )
    assert.deepEqual(tiers, [0, 1, 1, 2, 3, 3, 4])
    for (const [tier, least] of [500n, 5_000n, 25_000n, 100_000n].entries()) {
      // To the base unit.
      const places = [-1n, 0n, 1n].map((unit) => bondTierOf(least * usdc + unit))
      assert.deepEqual(places, [tier, tier + 1, tier + 1], String(least))
    }
    const model = livelyMarket(5)
    const tier = () => model.assess({ agent: 'p1', role: 'seller', now: START }).bondTier
    assert.equal(tier(), 0)
    model.apply({ kind: 'bond', agent: 'p1', at: START, staked: 5_000n * usdc, free: 0n })
    assert.equal(tier(), 2)
  })

  test('[ORC-06] the certification level is a table of score, evidence and bond tier', () => {
    const golden = [
      [null, 100, 4, 'none'],
      [500, 1, 0, 'provisional'],
      [700, 5, 1, 'verified'],
      [699, 5, 1, 'provisional'],
      [700, 4.9, 1, 'provisional'],
      [834, 40, 2, 'verified'],
      [850, 20, 2, 'trusted'],
      [850, 20, 1, 'verified'],
      [900, 50, 3, 'elite'],
      [900, 49, 3, 'trusted'],
      [899, 50, 3, 'trusted'],
      [900, 50, 2, 'trusted'],
      [849, 20, 2, 'verified'],
      [850, 19, 2, 'verified'],
      [700, 5, 0, 'provisional'],
      [0, 1, 0, 'provisional'],
      [1000, 0.9, 4, 'none'],
    ] as const
    for (const [score, evidence, bondTier, level] of golden) {
      assert.equal(certificationOf({ score, evidence, bondTier }), level)
    }
  })
})

describe('buyers', () => {
  test('[DSP-21] [W-16] more than 90 % for the seller is frivolous', () => {
    assert.deepEqual([9_000, 9_001, 9_100].map(isFrivolous), [false, true, true])
  })

  test('[DSP-22] the flag needs five disputes and a mean above 80 %', () => {
    assert.equal(isDisputeFlag([10_000, 10_000, 10_000, 10_000]), false)
    assert.equal(isDisputeFlag([8_000, 8_000, 8_000, 8_000, 8_000]), false)
    assert.equal(isDisputeFlag([8_100, 8_100, 8_100, 8_100, 8_100]), true)
    assert.equal(isDisputeFlag([8_000, 8_000, 8_000, 8_000, 8_001]), true)
  })

  test('[ORC-19] [ORC-20] the buyer record and the exact sentence, for 180 days', () => {
    const model = livelyMarket(20)
    for (let i = 0; i < 5; i++) {
      model.apply(
        settled({
          buyer: 'picky',
          seller: `p${i}`,
          at: START + i * DAY,
          ending: 'resolved',
          sellerBps: 9_500,
          dispute: { by: 'buyer', awardedBps: 9_500 },
        }),
      )
    }
    model.apply(settled({ buyer: 'picky', seller: 'p9', at: START + 5 * DAY }))
    const answer = model.assess({ agent: 'picky', role: 'buyer', now: START + 6 * DAY })
    assert.deepEqual(answer.buyer, { completed: 6, disputesFiled: 5, sellerReleaseRate: 0.95 })
    assert.deepEqual(
      answer.flags.map(({ reason }) => reason),
      ["This agent has a history of disputed transactions that resolved in the seller's favor."],
    )
    assert.equal(answer.flags[0]?.reason, DISPUTE_SENTENCE)
    const later = model.assess({ agent: 'picky', role: 'buyer', now: START + 181 * DAY })
    assert.deepEqual(later.flags, [])
  })

  test('a victim who disputes a crook is hardly punished, one who disputes good work is', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 20; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'good', at: START + i }))
      model.apply(settled({ buyer: `p${i}`, seller: 'crook', at: START + i, ...missed }))
    }
    const dispute = {
      ending: 'resolved',
      sellerBps: 5_000,
      dispute: { by: 'buyer', awardedBps: 5_000 },
    } as const
    for (let i = 0; i < 3; i++) {
      model.apply(settled({ buyer: 'victim', seller: 'crook', at: START + 100 + i, ...dispute }))
      model.apply(settled({ buyer: 'nitpicker', seller: 'good', at: START + 100 + i, ...dispute }))
    }
    const habit = (buyer: string) =>
      model.forecastPair({ buyer, seller: 'p50', at: START + 200 }).habit
    assert.ok(habit('victim') < habit('nitpicker'))
  })
})

describe('harm that was upheld', () => {
  test('an award that the failed checks alone explain upholds nothing', () => {
    const cases = [
      [4_999, 10_000, true],
      [5_000, 10_000, false],
      [10_000, 10_000, false],
      // The checks left 60 %: of that less than half.
      [2_999, 6_000, true],
      [3_000, 6_000, false],
      // They left nothing, so nobody took anything.
      [0, 0, false],
    ] as const
    for (const [awardedBps, capBps, upheld] of cases) {
      assert.equal(isUpheld({ awardedBps, capBps }), upheld, `${awardedBps} of ${capBps}`)
    }
  })

  /** Good trades, and one that ended at 20 %, with or without what it was accused of. */
  function trades(harm?: Harm): TrustEvent[] {
    const seller = 'careless'
    const good = Array.from({ length: 20 }, (_, i) =>
      settled({ buyer: `p${i}`, seller, at: START + i, facts: { passed: 1 } }),
    )
    const at = START + 100
    const bad = settled({
      buyer: 'p21',
      seller,
      at,
      ending: 'resolved',
      sellerBps: 2_000,
      dispute: { by: 'buyer', awardedBps: 2_000 },
      facts: { passed: 1, ...(harm && { upheld: harm }) },
    })
    const incident = { escrowId: bad.escrowId, seller, at, awardedBps: 2_000 }
    return [...good, bad, ...(harm ? [harmDone({ ...incident, harm })] : [])]
  }

  const answerOf = (events: readonly TrustEvent[]) => {
    const model = livelyMarket(40)
    for (const event of events) model.apply(event)
    return model.assess({ agent: 'careless', role: 'seller', now: START + 101 })
  }

  test('one event lowers the dimension that it bears on, and never speaks for it too', () => {
    const without = answerOf(trades())
    for (const [harm, dimension, other] of [
      ['harm', 'safety', 'security'],
      ['security', 'security', 'safety'],
    ] as const) {
      const answer = answerOf(trades(harm))
      assert.equal(answer.incidentCount90d, 1)
      const [now, before] = [answer.scoreBreakdown, without.scoreBreakdown]
      assert.ok((now[dimension] as number) < (before[dimension] as number) - 15, dimension)
      assert.equal(now[other], before[other])
      assert.equal(now.accuracy, before.accuracy)
      // Had the trade spoken for it all the same, the dimension would stand higher.
      const twice = answerOf(
        trades(harm).map((event) =>
          event.kind === 'settled' ? { ...event, facts: { passed: 1 } } : event,
        ),
      )
      assert.ok((now[dimension] as number) < (twice.scoreBreakdown[dimension] as number))
    }
  })

  test('what was upheld goes over the wire and comes to the same answer', () => {
    const sent = trades('security')
    const received = sent.map((event) =>
      eventOfWire(JSON.parse(JSON.stringify(wireOfEvent(event)))),
    )
    assert.deepEqual(received, sent)
    const [told, said] = [answerOf(received), answerOf(sent)]
    // The market around them has ids of its own each time.
    assert.deepEqual({ ...told, eventRoot: said.eventRoot }, said)
  })

  test('a claim against a bond that upheld harm takes back what the trade had said of it, beside the slashing', () => {
    const paid = settled({ buyer: 'p21', seller: 'careless', at: START + 50, facts: { passed: 1 } })
    const { escrowId, buyer, seller } = paid
    const at = START + 100
    const ruled = { escrowId, at, buyer, seller, sellerBps: 2_000, slashed: 40_000_000n }
    const claim = { kind: 'claim', ...ruled } as const
    const incident = harmDone({ escrowId, seller, at, harm: 'security', awardedBps: 2_000 })
    const others = trades().slice(0, 20)
    const slashed = answerOf([...others, paid, claim])
    const harmed = answerOf([...others, paid, { ...claim, upheld: 'security' }, incident])
    const twice = answerOf([...others, paid, claim, incident])
    assert.deepEqual([slashed.incidentCount90d, harmed.incidentCount90d], [1, 2])
    const [most, more, least] = [slashed, twice, harmed].map(
      ({ scoreBreakdown }) => scoreBreakdown.security as number,
    )
    assert.ok((least as number) < (more as number))
    assert.ok((more as number) < (most as number) - 15)
    assert.equal(harmed.scoreBreakdown.reliability, slashed.scoreBreakdown.reliability)
    assert.equal(harmed.scoreBreakdown.accuracy, slashed.scoreBreakdown.accuracy)
    assert.equal(harmed.scoreBreakdown.safety, slashed.scoreBreakdown.safety)
  })
})
