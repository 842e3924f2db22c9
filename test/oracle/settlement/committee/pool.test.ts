import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import { plantPool } from '@earnest/sdk/protocol'
import { capped } from '../../../../oracle/src/settlement/committee/capped.ts'
import { pass } from '../../support/court.ts'
import { createWorld, type Ground, startGround, type World } from '../../support/world.ts'
import { oracleOf, SEEDS, type Sitter, seatBench } from './bench.ts'

let ground: Ground
let world: World
let sitters: Sitter[]

before(async () => {
  ground = await startGround()
  world = await createWorld(ground, { seeds: SEEDS })
  sitters = await seatBench(world, { count: 20, policy: () => 5_000 })
})

after(async () => {
  await world.close()
  await ground.close()
})

describe('pool', () => {
  test('[TAP-21][W-27] twenty members are too few; with the twenty-first the oracle anchors what anyone can recompute', async () => {
    const oracle = oracleOf(world, world.buyer)
    await pass(world, 61)
    assert.deepEqual((await oracle.call('listPools', {})).pools, [])
    sitters.push(...(await seatBench(world, { count: 1, from: 20, policy: () => 5_000 })))
    await pass(world, 61)
    await pass(world, 61)
    const { pools } = await oracle.call('listPools', {
      query: { capability: 'financial_analysis' },
    })
    assert.equal(pools.length, 1)
    const pool = await oracle.call('getPool', { params: { number: 1 } })
    assert.equal(pool.members.length, 21)
    assert.ok(pool.members.every(({ trades, weight }) => trades >= 5 && weight > 0n))
    assert.ok(pool.members.every(({ weight }) => weight * 14n <= pool.total))
    const committee = await ground.client.readContract({
      address: ground.deployment.arbiter,
      abi: pactArbiterAbi,
      functionName: 'committee',
    })
    const anchored = await ground.client.readContract({
      address: committee,
      abi: committeeAbi,
      functionName: 'poolOf',
      args: [1n],
    })
    const tree = plantPool(pool.members)
    assert.equal(tree.root, anchored.root)
    assert.equal(anchored.members, 21)
    const leaf = await oracle.call('getPoolProof', {
      params: { number: 1, member: sitters[0]!.wallet.address },
    })
    assert.equal(leaf.root, anchored.root)
    assert.equal(leaf.siblings, tree.leaf(leaf.index).siblings)
  })
})

describe('capped', () => {
  test('[W-27] no weight exceeds one part in fourteen of what stands, and small ones keep theirs', () => {
    const long = [1_000_000, ...Array.from({ length: 29 }, (_, i) => 100 + i)]
    const cut = capped(long, 14)
    const total = cut.reduce((sum, weight) => sum + weight, 0)
    assert.ok(cut.every((weight) => weight * 14 <= total))
    assert.deepEqual(cut.slice(1), long.slice(1))
    assert.deepEqual(capped([5, 5, 5], 2), [5, 5, 5])
  })
})
