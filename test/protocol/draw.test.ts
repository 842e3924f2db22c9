import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  drawPanel,
  drawSeed,
  EarnestError,
  plantPool,
  seatsOf,
  seedBlockOf,
  voteCommitment,
} from '@earnest/sdk/protocol'
import { type Address, type Hex, numberToHex, size, zeroHash } from 'viem'

const ROOT = '0x3d19e80a3c3bc814035820c6729d9ffce6b68d894d1666354a5fb3ae748c1b19'
const address = (n: number): Address => numberToHex(n, { size: 20 })
const members = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    member: address(i + 1),
    weight: 50n + 7n * BigInt(i % 5),
    trades: 10,
  }))
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof EarnestError)
    return error.code
  }
  return 'none'
}

describe('plantPool', () => {
  // test/contracts/committee/vector.t.sol has the same three leaves and the same root.
  test('the root of three leaves is the one of the contract', () => {
    const pool = plantPool(members(3))
    assert.equal(pool.root, ROOT)
    assert.equal(pool.total, 171n)
    assert.equal(size(pool.leaf(2).siblings), 80)
  })

  test('a pool without members, without weight or with weights beyond 64 bits is refused', () => {
    assert.equal(
      codeOf(() => plantPool([])),
      'invalid_pool',
    )
    assert.equal(
      codeOf(() => plantPool([{ member: address(1), weight: 0n, trades: 9 }])),
      'invalid_pool',
    )
    const heavy = { member: address(1), weight: (1n << 64n) - 1n, trades: 9 }
    assert.equal(
      codeOf(() => plantPool([heavy, { ...heavy, weight: 1n }])),
      'invalid_pool',
    )
    assert.equal(
      codeOf(() => plantPool([{ ...heavy, weight: 1n << 64n }])),
      'invalid_pool',
    )
    assert.equal(
      codeOf(() => plantPool(members(3)).leaf(3)),
      'invalid_pool',
    )
  })
})

describe('drawPanel', () => {
  const pool = plantPool(members(30))
  const seed = drawSeed({ blockHash: zeroHash, escrowId: numberToHex(7, { size: 32 }), panel: 0n })

  test('[TAP-02] anyone repeats the same fourteen from the public seed', () => {
    const first = drawPanel({ seed, pool, maySit: () => true })
    const second = drawPanel({ seed, pool, maySit: () => true })
    assert.deepEqual(first, second)
    assert.equal(new Set(first.drawn).size, 14)
    assert.equal(first.leaves.length, 14)
  })

  test('[TAP-02] whoever may not sit is passed over, and the others keep their order', () => {
    const all = drawPanel({ seed, pool, maySit: () => true })
    const without = all.drawn[3]
    assert.ok(without)
    const { drawn } = drawPanel({ seed, pool, maySit: (member) => member !== without })
    assert.ok(!drawn.includes(without))
    assert.deepEqual(
      drawn.slice(0, 13),
      all.drawn.filter((member) => member !== without),
    )
  })

  test('a pool that cannot fill a panel is refused', () => {
    const small = plantPool(members(13))
    assert.equal(
      codeOf(() => drawPanel({ seed, pool: small, maySit: () => true })),
      'draw_failed',
    )
  })
})

describe('seedBlockOf', () => {
  test('64 blocks after the opening, then every 8,191 blocks the next one', () => {
    const at = (blockNumber: bigint) => seedBlockOf({ openBlock: 100n, blockNumber })
    assert.equal(at(164n), null)
    assert.equal(at(165n), 164n)
    assert.equal(at(164n + 8191n), 164n)
    assert.equal(at(164n + 8192n), 164n + 8191n)
  })
})

describe('seatsOf', () => {
  test('[TAP-02] the first seven that are not struck sit', () => {
    const drawn = members(14).map(({ member }) => member)
    assert.deepEqual(seatsOf({ drawn, struck: 0b111111 }), drawn.slice(6, 13))
    assert.deepEqual(seatsOf({ drawn, struck: 0 }), drawn.slice(0, 7))
  })
})

describe('voteCommitment', () => {
  const vote = {
    chainId: 31337,
    arbiter: address(1),
    escrowId: zeroHash as Hex,
    panel: 0n,
    voter: address(2),
    sellerBps: 6000n,
    salt: zeroHash as Hex,
  }

  test('every part of the vote changes the commitment', () => {
    const other = numberToHex(9, { size: 32 })
    const all = [
      vote,
      { ...vote, chainId: 8453 },
      { ...vote, arbiter: address(3) },
      { ...vote, escrowId: other },
      { ...vote, panel: 1n },
      { ...vote, voter: address(3) },
      { ...vote, sellerBps: 6001n },
      { ...vote, salt: other },
    ].map(voteCommitment)
    assert.equal(new Set(all).size, all.length)
  })
})
