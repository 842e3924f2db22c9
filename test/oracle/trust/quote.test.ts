import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrustModel } from '../../../oracle/src/trust/model.ts'
import { refresh } from '../../../oracle/src/trust/refresh.ts'
import { DAY, livelyMarket, START, settled } from './market.ts'

const usdc = 1_000_000n

function quote(
  model: TrustModel,
  seller: string,
  over: Partial<Parameters<TrustModel['quote']>[0]> = {},
) {
  return model.quote({
    buyer: 'p1',
    seller,
    capability: 'dcf_modeling',
    amount: 50n * usdc,
    at: START + DAY,
    openExposure: 0n,
    ...over,
  })
}

describe('quote', () => {
  test('[W-29] [UNS-14] [TAP-08] a newcomer gets the micro cap or its free bond, and no instant release', () => {
    const model = livelyMarket(30)
    const micro = quote(model, 'new', { amount: 20n * usdc })
    assert.equal(micro.acceptable, true)
    assert.equal(micro.instantRelease, false)
    assert.equal(micro.bondToReserveUsdc, 20n * usdc)
    assert.ok(micro.warnings.includes('newcomer'))
    assert.equal(quote(model, 'new', { amount: 20n * usdc + 1n }).acceptable, false)
    // What is open already counts.
    assert.equal(
      quote(model, 'new', { amount: 10n * usdc, openExposure: 11n * usdc }).acceptable,
      false,
    )
    model.apply({ kind: 'bond', agent: 'new', at: START, staked: 600n * usdc, free: 500n * usdc })
    assert.equal(quote(model, 'new', { amount: 500n * usdc }).acceptable, true)
    assert.equal(quote(model, 'new', { amount: 501n * usdc }).acceptable, false)
  })

  test('[UNS-08] the cap grows with volume from independent buyers and not with one buyer or sybils', () => {
    const limit = (buyers: (i: number) => string) => {
      const model = livelyMarket(60)
      for (let i = 0; i < 40; i++) {
        model.apply(settled({ buyer: buyers(i), seller: 'grown', at: START + i }))
      }
      return quote(model, 'grown').limitUsdc
    }
    assert.ok(limit((i) => `p${i}`) > 150n * usdc)
    assert.ok(limit(() => 'p7') <= 30n * usdc)
    assert.equal(
      limit((i) => `sybil-${i}`),
      20n * usdc,
    )
  })

  test('[UNS-08] a price that goes to and fro buys no limit beyond what its buyers are trusted for', () => {
    const limit = (amount: bigint) => {
      const model = livelyMarket(60)
      const names = Array.from({ length: 5 }, (_, i) => `account-${i}`)
      for (const [i, buyer] of names.entries()) {
        const real = { amount: 200n * usdc, protocolFee: 2n * usdc }
        model.apply(settled({ buyer, seller: `p${i}`, at: START + i, ...real }))
      }
      refresh(model.state, model.parameters)
      for (const [i, buyer] of names.entries()) {
        const at = START + 100 + i
        model.apply(settled({ buyer, seller: 'crook', at, amount, protocolFee: amount / 100n }))
      }
      return quote(model, 'crook').limitUsdc
    }
    assert.ok(limit(50n * usdc) > 25n * usdc)
    for (const price of [5_000n, 50_000n]) assert.ok(limit(price * usdc) < 150n * usdc)
  })

  test('[UNS-08] nobody takes the same limit twice: what went wrong comes off it until it is made good', () => {
    const model = livelyMarket(60)
    const sell = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        model.apply(settled({ buyer: `p${i}`, seller: 'grown', at: START + i }))
      }
    }
    sell(0, 40)
    const before = quote(model, 'grown').limitUsdc
    assert.ok(before > 150n * usdc)
    const lost = { amount: before, protocolFee: 0n, ending: 'expired', sellerBps: 0 } as const
    model.apply(settled({ buyer: 'p50', seller: 'grown', at: START + 45, ...lost }))
    assert.equal(quote(model, 'grown').limitUsdc, 20n * usdc)
    model.apply({ kind: 'bond', agent: 'grown', at: START, staked: 90n * usdc, free: 90n * usdc })
    assert.equal(quote(model, 'grown').limitUsdc, 90n * usdc)
    for (let i = 0; i < 20; i++) {
      const amount = 200n * usdc
      model.apply(settled({ buyer: `p${i + 40}`, seller: 'grown', at: START + 60 + i, amount }))
    }
    assert.ok(quote(model, 'grown').limitUsdc > 90n * usdc)
  })

  test('risk lengthens the window and raises the bond', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 30; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'good', at: START + i }))
      const failed = i < 6 ? ({ ending: 'expired', sellerBps: 0, protocolFee: 0n } as const) : {}
      model.apply(settled({ buyer: `p${i}`, seller: 'shaky', at: START + i, ...failed }))
    }
    const amount = 200n * usdc
    const [good, shaky] = [quote(model, 'good', { amount }), quote(model, 'shaky', { amount })]
    assert.ok(shaky.pairRisk > good.pairRisk)
    assert.ok(shaky.reviewWindow > good.reviewWindow)
    assert.ok(shaky.bondToReserveUsdc > good.bondToReserveUsdc)
    assert.ok(shaky.warnings.includes('elevated_risk'))
  })

  test('[POL-10] [REP-25] a trusted pair is streamlined on request, within the bond, and never when flagged', () => {
    const model = livelyMarket(60)
    const random = (i: number) => BigInt(20 + ((i * 37) % 90)) * usdc
    for (let i = 0; i < 50; i++) {
      model.apply(
        settled({ buyer: 'p1', seller: 'partner', at: START + i * 60, amount: random(i) }),
      )
      model.apply(
        settled({
          buyer: `p${2 + (i % 50)}`,
          seller: 'partner',
          at: START + i * 60,
          amount: random(i),
        }),
      )
    }
    const trustedPair = { minTransactions: 50 }
    const off = quote(model, 'partner')
    assert.equal(off.trustedPair, false)
    // Half of what the risk asks for has to be there, to the base unit.
    const half = (off.bondToReserveUsdc + 1n) / 2n
    const staked = (free: bigint) =>
      model.apply({ kind: 'bond', agent: 'partner', at: START, staked: 50n * usdc, free })
    staked(half - 1n)
    const bare = quote(model, 'partner', { trustedPair })
    assert.deepEqual(
      [bare.trustedPair, bare.reviewWindow, bare.bondToReserveUsdc],
      [false, off.reviewWindow, off.bondToReserveUsdc],
    )
    staked(half)
    const on = quote(model, 'partner', { trustedPair })
    assert.equal(on.trustedPair, true)
    assert.equal(on.reviewWindow, off.reviewWindow / 2)
    assert.equal(on.bondToReserveUsdc, half)
    assert.equal(on.instantRelease, false)
    assert.equal(quote(model, 'partner').trustedPair, false)
    assert.equal(
      quote(model, 'partner', { trustedPair: { minTransactions: 51 } }).trustedPair,
      false,
    )
    // The same history inside one organisation is flagged, and nothing is streamlined.
    for (const agent of ['p1', 'partner']) {
      model.apply({ kind: 'agent', agent, at: START + DAY, organization: 'acme' })
    }
    model.apply(settled({ buyer: 'p1', seller: 'partner', at: START + DAY }))
    assert.ok(model.state.flags.size > 0)
    assert.equal(quote(model, 'partner', { trustedPair }).trustedPair, false)
  })
})
