import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backflow } from '../../../oracle/src/trust/backflow.ts'
import { setExcluded } from '../../../oracle/src/trust/exclude.ts'
import { forEachEdge } from '../../../oracle/src/trust/flow.ts'
import { createTrustModel, type TrustModel } from '../../../oracle/src/trust/model.ts'
import { outflowTo } from '../../../oracle/src/trust/outflow.ts'
import {
  RATING_PARAMETERS,
  TRUST_PARAMETERS,
  type TrustParameters,
} from '../../../oracle/src/trust/parameters.ts'
import { refresh } from '../../../oracle/src/trust/refresh.ts'
import type { TrustState } from '../../../oracle/src/trust/state.ts'
import { trustOf, voucherOf } from '../../../oracle/src/trust/voucher.ts'
import { DAY, livelyEvents, livelyMarket, SEEDS, START, settled } from './market.ts'

/** A market with a seller that half of it bought from, and that bought from the other half. */
function marketWithStar(parameters: TrustParameters): TrustModel {
  const model = createTrustModel({ seeds: SEEDS, parameters })
  for (const event of livelyEvents(300)) model.apply(event)
  for (let i = 0; i < 300; i++) {
    const other = `p${i}`
    const sides = i % 2 ? { buyer: other, seller: 'star' } : { buyer: 'star', seller: other }
    model.apply(settled({ ...sides, at: START + i }))
    // In a file of ratings only the seeds' own opinions let trust out.
    const seed = SEEDS[i % 5] as string
    if (parameters.seedPurchases) model.apply(settled({ buyer: seed, seller: other, at: START }))
  }
  refresh(model.state, parameters)
  return model
}

function between(model: TrustModel, names: { buyer: string; seller: string }) {
  const index = (name: string) => model.state.indexOf.get(name) as number
  return { buyer: index(names.buyer), seller: index(names.seller) }
}

/** Trust of everybody that came out of the sources, step by step until next to nothing is under way. */
function outflowByHand({ flow, seeds }: TrustState, sources: readonly number[]): Float64Array {
  const arrived = new Float64Array(flow.nodes)
  let under = new Float64Array(flow.nodes)
  for (const source of sources) under[source] = flow.trust[source] as number
  for (let step = 0; step < 300; step++) {
    const next = new Float64Array(flow.nodes)
    for (let node = 0; node < flow.nodes; node++) {
      const rate = ((1 - flow.alpha) * (under[node] as number)) / (flow.total[node] as number)
      if (under[node] === 0) continue
      forEachEdge(flow, node, (target, weight) => {
        if (target < seeds || sources.includes(target)) return
        next[target] = (next[target] as number) + rate * weight
      })
    }
    for (let node = 0; node < flow.nodes; node++) {
      arrived[node] = (arrived[node] as number) + (next[node] as number)
    }
    under = next
  }
  return arrived
}

const tables = { live: TRUST_PARAMETERS, ratings: RATING_PARAMETERS }

describe('voucher', () => {
  for (const [name, parameters] of Object.entries(tables)) {
    test(`[TAP-01] [W-23] a trusted seller that pays a ring of 300 has no voucher of it, by the table of ${name}`, () => {
      const model = marketWithStar(parameters)
      const { state } = model
      const star = state.indexOf.get('star') as number
      assert.ok((state.flow.trust[star] as number) > 5 * state.unit)
      const sybil = (i: number) => `sybil-${i % 300}`
      for (let i = 0; i < 300; i++) {
        for (let time = 0; time < 3; time++) {
          model.apply(settled({ buyer: 'star', seller: sybil(i), at: START + 400 + i }))
        }
      }
      for (let i = 0; i < 300; i++) {
        for (const step of [1, 7, 31]) {
          model.apply(settled({ buyer: sybil(i), seller: sybil(i + step), at: START + 800 + i }))
        }
      }
      refresh(state, parameters)
      let reached = 0
      let weight = 0
      for (let i = 0; i < 300; i++) {
        const pair = between(model, { buyer: sybil(i), seller: 'star' })
        reached += (state.flow.trust[pair.buyer] as number) / state.unit
        weight += voucherOf(state, pair, parameters).weight
      }
      assert.ok(reached > 5, 'the money of the star has to reach the ring')
      assert.ok(weight < 0.5, `${weight} full vouchers of ${reached}`)
    })
  }

  test('trust that only the seller brought is all its own, and a stranger has no part in it', () => {
    const model = marketWithStar(TRUST_PARAMETERS)
    const { state, parameters } = model
    for (let i = 0; i < 10; i++) {
      model.apply(settled({ buyer: 'star', seller: 'first', at: START + 400 + i }))
      model.apply(settled({ buyer: 'first', seller: 'second', at: START + 400 + i }))
    }
    refresh(state, parameters)
    const index = (name: string) => state.indexOf.get(name) as number
    const share = (source: string, target: string) =>
      backflow(state, { sources: [index(source)], target: index(target) }, parameters)
    assert.equal(share('star', 'second'), 1)
    assert.equal(share('first', 'second'), 1)
    const stranger = share('second', 'p1')
    assert.ok(stranger < 0.01)
    // A search leaves nothing behind for the next one.
    assert.equal(share('star', 'second'), 1)
    assert.equal(share('second', 'p1'), stranger)
  })

  test('what may have come from a seller is never told too low, nor by more than the precision too high', () => {
    const model = marketWithStar(TRUST_PARAMETERS)
    const { state, parameters } = model
    for (let i = 0; i < 40; i++) {
      model.apply(settled({ buyer: 'star', seller: `sybil-${i}`, at: START + 400 + i }))
      model.apply(settled({ buyer: `sybil-${i}`, seller: `sybil-${i + 1}`, at: START + 400 + i }))
    }
    // A trade that was taken out again leaves a row without weight.
    model.apply(settled({ buyer: 'once', seller: 'star', at: START + 500 }))
    refresh(state, parameters)
    const once = state.indexOf.get('once') as number
    setExcluded(state, [state.lastOfBuyer[once] as number], true, parameters)
    refresh(state, parameters)
    assert.equal(state.flow.total[once], 0)
    const index = (name: string) => state.indexOf.get(name) as number
    const sellers = [[index('star')], [index('p1')], [index('star'), index('sybil-7')], [0]]
    let [found, given] = [0, 0]
    for (const sources of sellers) {
      const truth = outflowByHand(state, sources)
      for (let target = state.seeds; target < state.agents.length; target++) {
        const trust = trustOf(state, target)
        if (sources.includes(target) || trust === 0) continue
        const ask = (mostVisits: number) =>
          outflowTo(state, { sources, target }, { precision: 0.05 * trust, mostVisits })
        const most = ask(1_000_000)
        const exact = truth[target] as number
        assert.ok(most >= exact - 1e-12, `${most} of ${exact}`)
        assert.ok(most <= exact + 0.05 * trust + 1e-12, `${most} of ${exact} in ${trust}`)
        // Whoever has less time knows nothing or as much, and leaves nothing behind.
        const hasty = ask(200)
        assert.ok(hasty === most || hasty === Number.POSITIVE_INFINITY)
        assert.equal(ask(1_000_000), most)
        found += hasty === most ? 1 : 0
        given += exact > 0.5 * trust ? 1 : 0
      }
    }
    assert.ok(found > 20 && given > 20, `${found} soon, ${given} given`)
  })

  test('a seller cannot hide what it paid below more dust than anybody looks at', () => {
    const model = marketWithStar(TRUST_PARAMETERS)
    const { state, parameters } = model
    const dust = { amount: 10_000n, protocolFee: 100n }
    for (let i = 0; i < 8_200; i++) {
      model.apply(settled({ buyer: 'hider', seller: `dust-${i}`, at: START + i, ...dust }))
    }
    for (let i = 0; i < 10; i++) {
      model.apply(settled({ buyer: 'star', seller: 'hider', at: START + 9_000 + i }))
    }
    refresh(state, parameters)
    const pair = between(model, { buyer: 'hider', seller: 'star' })
    assert.ok((state.flow.trust[pair.buyer] as number) > 0.1 * state.unit)
    assert.equal(backflow(state, { sources: [pair.seller], target: pair.buyer }, parameters), 1)
    assert.equal(voucherOf(state, pair, parameters).weight, 0)
  })

  test('[REP-17] no fee is heard twice: an account that vouches for many sellers has a voucher for each half dollar', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 4; i++) {
      model.apply(settled({ buyer: 'farm', seller: `p${i}`, at: START + i, amount: 100_000_000n }))
    }
    refresh(model.state, model.parameters)
    const farm = model.state.indexOf.get('farm') as number
    const burned = model.state.paid[farm] as number
    assert.equal(burned, 2_000_000)
    const dust = { amount: 10_000n, protocolFee: 100n }
    for (let i = 0; i < 40; i++) {
      model.apply(settled({ buyer: 'farm', seller: `crook-${i}`, at: START + 10 + i, ...dust }))
    }
    const vouchers = (model.state.given[farm] as number) * model.parameters.feePerVoucher
    assert.ok(vouchers > burned - 10 && vouchers <= burned + 40 * 100)
    const last = between(model, { buyer: 'farm', seller: 'crook-39' })
    assert.ok(voucherOf(model.state, last, model.parameters).weight < 0.01)
  })

  test('a word is heard in full only from a buyer who burned 1.50 USDC elsewhere', () => {
    const model = livelyMarket(60)
    const voice = (): number => {
      refresh(model.state, model.parameters)
      const pair = between(model, { buyer: 'fresh', seller: 'p1' })
      return voucherOf(model.state, pair, model.parameters).weight
    }
    const voices = [200, 201, 202].map((at) => {
      model.apply(settled({ buyer: 'fresh', seller: 'seed-0', at: START + at }))
      return voice()
    })
    assert.ok(voices.every((weight, i) => weight <= (i + 1) / 3 + 1e-9))
    assert.ok((voices[2] as number) > (voices[0] as number))
    // What it pays to the seller itself adds nothing.
    const before = voice()
    model.apply(settled({ buyer: 'fresh', seller: 'p1', at: START + 300 }))
    assert.ok(voice() < before)
  })

  test('[W-23] a repeated voucher costs what the first did: an account gives one seller no more than a full one for every 1.50 USDC burned elsewhere', () => {
    for (const [seeds, most] of [
      [3, 1],
      [4, 4 / 3],
      // Beyond that each halves the last, whatever was burned.
      [9, 2],
    ] as const) {
      const model = livelyMarket(60)
      for (let i = 0; i < seeds; i++) {
        model.apply(settled({ buyer: 'patron', seller: `seed-${i % 5}`, at: START + i }))
      }
      const { state, parameters } = model
      refresh(state, parameters)
      const patron = state.indexOf.get('patron') as number
      const before = state.given[patron] as number
      // Two names of one organisation are one seller.
      for (const agent of ['crook', 'twin']) {
        model.apply({ kind: 'agent', agent, at: START, organization: 'crooks' })
      }
      for (let i = 0; i < 6; i++) {
        // Neither often nor for the same price, or it would be flagged.
        const dust = { amount: BigInt(10_000 + 997 * i), protocolFee: 100n }
        const seller = i % 4 === 3 && seeds < 9 ? 'twin' : 'crook'
        model.apply(settled({ buyer: 'patron', seller, at: START + 9 * i * DAY, ...dust }))
      }
      assert.equal(state.flags.size, 0)
      const given = (state.given[patron] as number) - before
      assert.ok(
        given <= most + 1e-9 && given > 0.95 * most,
        `${given} for ${seeds} trades elsewhere`,
      )
    }
  })

  test('a repeated voucher that was taken out again can be given again', () => {
    const model = livelyMarket(60)
    const { state, parameters } = model
    for (let i = 0; i < 3; i++) {
      model.apply(settled({ buyer: 'patron', seller: `seed-${i}`, at: START + i }))
    }
    refresh(state, parameters)
    const first = settled({ buyer: 'patron', seller: 'p1', at: START + 10 })
    model.apply(first)
    const pair = between(model, { buyer: 'patron', seller: 'p1' })
    const worth = () => voucherOf(state, pair, parameters).weight
    assert.ok(worth() < 0.1)
    const row = state.history.ids.lastIndexOf(first.escrowId)
    setExcluded(state, [row], true, parameters)
    assert.ok(worth() > 0.9)
    setExcluded(state, [row], false, parameters)
    assert.ok(worth() < 0.1)
  })
})
