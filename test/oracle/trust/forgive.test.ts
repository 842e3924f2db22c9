import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { costToFake100 } from '../../../oracle/src/trust/faking.ts'
import { posteriorOf, shownOf } from '../../../oracle/src/trust/forecast.ts'
import { standingOfHarmed } from '../../../oracle/src/trust/forgive.ts'
import type { TrustModel } from '../../../oracle/src/trust/model.ts'
import { TRUST_PARAMETERS } from '../../../oracle/src/trust/parameters.ts'
import { refresh } from '../../../oracle/src/trust/refresh.ts'
import { DAY, livelyMarket, SEEDS, START, settled } from './market.ts'

/** A market of 200 people, and one who paid twenty of them ten times the usual fee. */
function market(): TrustModel {
  const model = livelyMarket(200)
  for (let i = 0; i < 20; i++) {
    const at = START + i * 60
    model.apply(settled({ buyer: 'large', seller: `p${9 * i}`, at, protocolFee: 5_000_000n }))
  }
  refresh(model.state, model.parameters)
  return model
}

function fail(model: TrustModel, buyer: string, seller: string, at: number): void {
  model.apply(settled({ buyer, seller, at, ending: 'expired', sellerBps: 0, protocolFee: 0n }))
}

/** How much of its penalties a seller still carries after ten people were served well. */
function left(model: TrustModel, seller: string): number {
  const index = model.state.indexOf.get(seller)!
  const before = model.state.whole.penalty[index]!
  for (let buyer = 0; buyer < 10; buyer++) {
    model.apply(settled({ buyer: `p${100 + buyer}`, seller, at: START + 2 * DAY + buyer }))
  }
  return model.state.whole.penalty[index]! / before
}

const harmedBy = ({ state }: TrustModel, seller: string): number =>
  standingOfHarmed(state, state.indexOf.get(seller)!)

describe('forgiveness', () => {
  test('what was done to somebody of standing is not repaired by as many who have little', () => {
    const [small, large] = [market(), market()]
    fail(small, 'p120', 'seller', START + DAY)
    fail(large, 'large', 'seller', START + DAY)
    assert.ok(harmedBy(large, 'seller') > 3 * harmedBy(small, 'seller'))
    assert.ok(left(large, 'seller') > 2 * left(small, 'seller'))
  })

  test('a failure with somebody of standing is repaired by serving others of standing', () => {
    const model = market()
    fail(model, 'large', 'seller', START + DAY)
    model.apply(settled({ buyer: 'large', seller: 'seller', at: START + 2 * DAY }))
    const [index, { forgiveness }] = [model.state.indexOf.get('seller')!, model.parameters]
    assert.ok(Math.abs(model.state.whole.penalty[index]! - 2 ** -forgiveness) < 1e-9)
  })

  test('failures staged with accounts that nobody trusts do not make the harm look smaller', () => {
    const model = market()
    fail(model, 'large', 'seller', START + DAY)
    const before = harmedBy(model, 'seller')
    for (let i = 0; i < 20; i++) fail(model, `sybil-${i}`, 'seller', START + DAY + 60 + i)
    assert.ok(Math.abs(harmedBy(model, 'seller') - before) < 1e-9)
  })

  test('a failed trade of a seed can be repaired like any other: its trust is given, not earned', () => {
    const model = market()
    fail(model, SEEDS[0]!, 'seller', START + DAY)
    assert.ok(harmedBy(model, 'seller') <= 1)
  })

  test('a score that stands on harm to people of standing costs more to fake', () => {
    const posterior = { failures: 6, successes: 20 }
    const price = (harmed: number) =>
      costToFake100({ posterior, base: 0.1 }, { known: false, harmed }, TRUST_PARAMETERS)!
    assert.ok(price(10) > price(1))
    assert.equal(price(0), price(1))
  })

  test('what 100 points cost to fake is never told higher than the parts of vouchers that bring them', () => {
    const parameters = TRUST_PARAMETERS
    for (const fulfilled of [0, 0.5, 1, 2, 3, 8, 15]) {
      const evidence = { fulfilled, untrusted: 0, penalty: 0 }
      const posterior = posteriorOf(evidence, 0.1, parameters)
      const shown = (more: number) =>
        shownOf({ ...posterior, successes: posterior.successes + more }, parameters)
      const told = costToFake100({ posterior, base: 0.1 }, { known: false, harmed: 0 }, parameters)
      // Half a dollar of fees and the price of the capital for each full voucher.
      const vouchers = Number(told) / (500_000 + (50_000_000 * 0.05) / 365)
      assert.ok(shown(vouchers) <= shown(0) + 0.1)
      assert.ok(shown(1.02 * vouchers) >= shown(0) + 0.1)
    }
  })
})
