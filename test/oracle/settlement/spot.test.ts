import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes, spotDraw } from '@earnest/sdk/protocol'
import { rateOf } from '../../../oracle/src/settlement/spot/rate.ts'

const usdc = (amount: number) => BigInt(amount) * 1_000_000n

describe('rateOf', () => {
  const policy = { rateBps: 500, cost: 500_000n }
  const of = (amount: bigint, trades: number) =>
    rateOf(policy, { amount, protocolFee: amount / 200n, trades })

  test('default: newcomers are looked at four times as often, and so are large trades', () => {
    assert.deepEqual(
      [usdc(500), usdc(1_000) - 1n, usdc(1_000), usdc(10_000) - 1n, usdc(10_000)].map((amount) =>
        of(amount, 5),
      ),
      [500, 500, 1_000, 1_000, 2_000],
    )
    assert.deepEqual([of(usdc(500), 4), of(usdc(10_000), 0)], [2_000, 8_000])
    const often = { ...policy, rateBps: 9_000 }
    assert.equal(rateOf(often, { amount: usdc(500), protocolFee: usdc(2), trades: 0 }), 10_000)
  })

  test('behavior: checks cost no more than half of the protocol fees on average, however small the trades', () => {
    for (const amount of [10_000n, usdc(1), usdc(20), usdc(99), usdc(500), usdc(50_000)]) {
      const fee = amount / 200n
      const rate = BigInt(of(amount, 0))
      assert.ok(rate * policy.cost <= (fee * 10_000n) / 2n, `${amount}`)
    }
    assert.equal(of(10_000n, 0), 0)
    assert.equal(of(usdc(1), 0), 50)
  })

  test('behavior: an operator who wants none gets none', () => {
    const none = { rateBps: 0, cost: 500_000n }
    assert.equal(rateOf(none, { amount: usdc(50_000), protocolFee: usdc(250), trades: 0 }), 0)
  })
})

describe('spotDraw', () => {
  const draw = (n: number, round = 1) =>
    spotDraw({
      escrowId: `0x${hashBytes(Uint8Array.of(1))}`,
      round,
      seedHash: `0x${hashBytes(Uint8Array.of(n >> 8, n & 255))}`,
    })

  test('default: every place of the draw is as likely, and another round or block draws anew', () => {
    const draws = Array.from({ length: 4_000 }, (_, n) => draw(n))
    assert.ok(draws.every((place) => place >= 0 && place < 10_000))
    for (const below of [500, 2_000, 8_000]) {
      const share = draws.filter((place) => place < below).length / draws.length
      assert.ok(Math.abs(share - below / 10_000) < 0.02, `${below}: ${share}`)
    }
    assert.notEqual(draw(1), draw(2))
    assert.notEqual(draw(1), draw(1, 2))
    assert.equal(draw(1), draw(1))
  })
})
