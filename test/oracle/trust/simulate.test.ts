import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ATTACK_TABLE } from '../../../oracle/src/trust/faking.ts'
import { TRUST_PARAMETERS } from '../../../oracle/src/trust/parameters.ts'
import {
  attackCurves,
  collusion,
  costOfMiddling,
  fakeProfile,
  voucherPrices,
} from '../../../scripts/simulate/attacks.ts'
import { climb, newcomer, premium } from '../../../scripts/simulate/honest.ts'
import { runMarket } from '../../../scripts/simulate/market.ts'
import { plotAttacks, plotSellers } from '../../../scripts/simulate/plot.ts'
import { boughtCustomCurve, camouflageCurve, lazyCurve } from '../../../scripts/simulate/sellers.ts'
import { FEE } from '../../../scripts/simulate/world.ts'

const points = attackCurves()
const [camouflaged, bought, lazy] = [camouflageCurve(), boughtCustomCurve(), lazyCurve()]

describe('simulated market', () => {
  test('[REP-15] an honest agent at 750 crosses 900 after 150 to 250 successes', () => {
    const { successes } = climb({ from: 750, to: 900, marketFailure: 0.05 })
    assert.ok(successes !== null && successes >= 150 && successes <= 250)
  })

  test('[REP-16] the premium that buyers would pay for safety alone is positive and far below the claim', () => {
    const measured = premium()
    assert.ok(measured.premium > 0 && measured.premium < 0.4)
  })

  test('[W-29] a newcomer without a bond makes its first paid trade and reaches tier 1', () => {
    const lane = newcomer()
    assert.ok(lane.firstTradeUsdc <= 20 && lane.firstTradeUsdc > 0)
    assert.ok(lane.tradesUntilTier1 > 0 && lane.tradesUntilTier1 <= 60)
  })

  test('buyers who follow the quotes leave crooks and the lazy behind', () => {
    const { fates } = runMarket()
    const fate = (kind: string) => fates.find((one) => one.kind === kind)!
    assert.ok(fate('honest').trades > 5 * (fate('lazy').trades + fate('camouflaged').trades))
    assert.ok(fate('honest').meanComposite > fate('lazy').meanComposite + 300)
  })

  test('[W-23] rings, self-dealing, waiting and poisoning gain nothing; bought edges cost what the table says', () => {
    for (const { attack, gain } of points) {
      if (attack === 'ring' || attack === 'self-dealing') assert.ok(gain <= 30)
      if (attack === 'waiting') assert.ok(gain <= 0)
      if (attack === 'poisoning') assert.ok(gain >= 0)
    }
    assert.ok(points.some(({ attack, flagged }) => attack === 'self-dealing' && flagged))
    for (const { attack, gain, fees } of points) {
      if (attack === 'bought edges' && gain >= 100) assert.ok(fees >= 2.5)
    }
    const prices = voucherPrices().map(({ perVoucher }) => perVoucher)
    const published = ATTACK_TABLE.attacks.map(({ feesPerVoucher }) => feesPerVoucher / 1e6)
    assert.ok(Math.min(...published) <= Math.min(...prices) + 1e-9)
    for (const { way, spentUsdc, standing, perVoucher } of voucherPrices()) {
      const attack = ATTACK_TABLE.attacks.find(
        ({ name }) => name.includes(` ${spentUsdc} USDC`) && name.endsWith(way),
      )
      if (!attack) continue
      assert.ok(attack.standing >= standing && attack.feesPerVoucher <= perVoucher * 1e6)
    }
    // The formula's own floors, which no way of spending goes below: for a farm, and for one seller.
    assert.ok(Math.min(...prices) >= TRUST_PARAMETERS.feePerVoucher / 1e6)
    const own = voucherPrices().filter(({ way }) => way !== 'vouches for twenty')
    for (const { perVoucher } of own) {
      assert.ok(perVoucher >= TRUST_PARAMETERS.feeToBeHeard / 1e6 - 1e-9)
    }
  })

  test('[W-23] sybils out of one purse have one voice: bought edges gain less than a quarter of what they gain apart', () => {
    const gain = (name: string) =>
      points.find(({ attack, effort }) => attack === name && effort === 100)?.gain ?? 0
    assert.ok(gain('bought edges') >= 100)
    assert.ok(4 * gain('bought edges, one purse') < gain('bought edges'))
    const drawing = plotAttacks(points)
    assert.match(drawing, /^<svg [\s\S]*<\/svg>\n$/)
    for (const attack of ['ring', 'self-dealing', 'bought edges, one purse', 'poisoning']) {
      assert.ok(drawing.includes(`>${attack}<`))
    }
    assert.doesNotMatch(drawing, /NaN|Infinity/)
  })

  test('[API-13] every trade of a self-dealer burns its fee, and a hundred of them buy nothing', () => {
    const curve = points.filter(({ attack }) => attack === 'self-dealing')
    assert.deepEqual(
      curve.map(({ effort }) => effort),
      [1, 3, 10, 30, 100],
    )
    for (const { effort, fees, gain } of curve) {
      assert.ok(Math.abs(fees - effort * 50 * FEE) < 1e-9)
      assert.ok(gain <= 30)
    }
  })

  test('[API-15] sellers with a better record can ask for more, by what the risk alone is worth', () => {
    const { low, high, premium: more } = premium()
    assert.ok(high > low && more > 0)
  })

  test('[REP-17] faking 500 trades costs six times the fees of a wash trader, and 70,000 USDC of real custom', () => {
    const { fees, washFees, realWorkUsdc, times } = fakeProfile(500)
    assert.ok(fees >= 6 * washFees - 1e-9)
    assert.ok(realWorkUsdc >= 70_000)
    assert.ok(times >= 10)
  })

  test('[UNS-08] [ATK-13] owner and agent who deliver junk lose money unless checks fail often', () => {
    const { cases } = collusion(0.005)
    for (const { expectedProfit } of cases) assert.ok(expectedProfit < 0)
    for (const { breakEven, case: name } of cases) {
      if (!name.includes('no bond')) assert.ok(breakEven > 0.3)
    }
  })

  test('[UNS-08] a camouflaged seller takes at most a micro trade and a tenth of the work that it did, and once', () => {
    for (const { volume, limit, loot, unbonded, unlimited, limitAfter } of camouflaged) {
      assert.ok(loot <= unbonded && unbonded <= limit && limit <= 20 + volume / 10)
      assert.ok(limitAfter <= 20 && unlimited > 10 * limit)
    }
    assert.ok((camouflaged.at(-1)?.loot ?? 0) > 100)
  })

  test('[UNS-08] custom that a crook pays for brings no limit beyond what its accounts are trusted for', () => {
    const [, modest, large, largest] = bought
    assert.ok(modest && large && largest)
    assert.ok(large.limit <= modest.limit && largest.limit <= modest.limit)
    assert.ok(largest.fees > 4 * largest.limit)
  })

  test('a lazy seller gains where nobody looks, and loses to the honest where one poor work in twenty is caught', () => {
    const gain = (share: number) => lazy.find(({ caught }) => caught === share)?.gain ?? Number.NaN
    assert.ok(gain(0) > 0)
    assert.ok(gain(0.05) < 0)
    assert.ok(gain(0.5) < gain(0.05))
  })

  test('[W-23] what a trust answer says of the price of 100 points is below every curve that reaches them', () => {
    const { served, curves } = costOfMiddling(points)
    assert.ok(served !== null && served > 0)
    assert.ok(curves.some(({ attack }) => attack === 'bought edges'))
    for (const { cost } of curves) assert.ok(served <= cost)
  })

  test('the sellers who cash a record in are drawn beside the lazy', () => {
    const drawing = plotSellers([...camouflaged, ...bought], lazy)
    assert.match(drawing, /^<svg [\s\S]*<\/svg>\n$/)
    for (const name of ['camouflaged', 'camouflaged, custom bought', 'lazy']) {
      assert.ok(drawing.includes(`>${name}<`))
    }
    assert.doesNotMatch(drawing, /NaN|Infinity/)
  })
})
