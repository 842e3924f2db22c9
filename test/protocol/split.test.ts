import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_AMOUNT, splitOf, stakeOf } from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

const { cases } = readVector<{
  cases: (Record<string, string> & { arbitrated: boolean })[]
}>('split.json')

const fees = { protocolFeeBps: 50, arbitrationFeeBps: 100 }

describe('split', () => {
  test(`${cases.length} vectors`, () => {
    for (const given of cases) {
      const split = splitOf({
        amount: BigInt(given.amount ?? ''),
        sellerBps: Number(given.sellerBps),
        protocolFeeBps: Number(given.protocolFeeBps),
        arbitrationFeeBps: Number(given.arbitrationFeeBps),
        arbitrated: given.arbitrated,
      })
      const { arbitration, protocol, seller, buyer } = given
      const texts = Object.entries(split).map(([name, part]) => [name, String(part)])
      assert.deepEqual(Object.fromEntries(texts), { arbitration, protocol, seller, buyer })
    }
  })

  test('[W-14][DSP-19] 500 USDC at 60 %: 5.00 arbitration, 1.50 protocol, 295.50 seller, 198.00 buyer', () => {
    assert.deepEqual(
      splitOf({ amount: 500_000_000n, sellerBps: 6000, ...fees, arbitrated: true }),
      {
        arbitration: 5_000_000n,
        protocol: 1_500_000n,
        seller: 295_500_000n,
        buyer: 198_000_000n,
      },
    )
  })

  test('[FEE-01][FEE-04] fees of 5, 50, 500 and 50,000 USDC', () => {
    const protocolOf = (amount: bigint) =>
      splitOf({ amount, sellerBps: 10_000, ...fees, arbitrated: false }).protocol
    assert.equal(protocolOf(5_000_000n), 25_000n)
    assert.equal(protocolOf(50_000_000n), 250_000n)
    assert.equal(protocolOf(500_000_000n), 2_500_000n)
    assert.equal(protocolOf(50_000_000_000n), 250_000_000n)
    const disputed = splitOf({
      amount: 50_000_000_000n,
      sellerBps: 10_000,
      ...fees,
      arbitrated: true,
    })
    assert.equal(disputed.protocol + disputed.arbitration, 750_000_000n)
  })

  test('[FEE-07] the arbitration fee is the same whoever wins', () => {
    const feeAt = (sellerBps: number) =>
      splitOf({ amount: 123_456_789n, sellerBps, ...fees, arbitrated: true }).arbitration
    const all = Array.from({ length: 101 }, (_, percent) => feeAt(percent * 100))
    assert.equal(new Set(all).size, 1)
  })

  test('conserves every base unit, and no part is negative', () => {
    const bps = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: MAX_AMOUNT }),
        bps(10_000),
        bps(200),
        bps(500),
        fc.boolean(),
        (amount, sellerBps, protocolFeeBps, arbitrationFeeBps, arbitrated) => {
          const split = splitOf({
            amount,
            sellerBps,
            protocolFeeBps,
            arbitrationFeeBps,
            arbitrated,
          })
          const parts = Object.values(split)
          assert.equal(
            parts.reduce((a, b) => a + b, 0n),
            amount,
          )
          assert.ok(parts.every((part) => part >= 0n))
        },
      ),
    )
  })

  test('the protocol fee never takes more than the seller has', () => {
    const given = { amount: 1_000_000n, sellerBps: 10_000, arbitrated: true }
    const split = splitOf({ ...given, protocolFeeBps: 10_000, arbitrationFeeBps: 500 })
    assert.deepEqual(split, { arbitration: 50_000n, protocol: 950_000n, seller: 0n, buyer: 0n })
  })

  test('the seller never gains by asking for less', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.integer({ min: 0, max: 9999 }),
        (amount, sellerBps) => {
          const sellerAt = (share: number) =>
            splitOf({ amount, sellerBps: share, ...fees, arbitrated: true }).seller
          // Two floors may differ by one base unit.
          assert.ok(sellerAt(sellerBps + 1) + 1n >= sellerAt(sellerBps))
        },
      ),
    )
  })

  test('refuses shares outside 0 to 10000 and negative amounts', () => {
    for (const sellerBps of [-1, 10_001, 0.5, Number.NaN]) {
      assertCode(
        () => splitOf({ amount: 1n, sellerBps, ...fees, arbitrated: true }),
        'split_out_of_range',
      )
    }
    assertCode(
      () => splitOf({ amount: -1n, sellerBps: 0, ...fees, arbitrated: true }),
      'split_out_of_range',
    )
  })

  test('the stake of a dispute is one arbitration fee', () => {
    assert.equal(stakeOf({ amount: 500_000_000n, arbitrationFeeBps: 100 }), 5_000_000n)
    assert.equal(stakeOf({ amount: 10_000n, arbitrationFeeBps: 1 }), 1n)
  })
})
