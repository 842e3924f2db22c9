import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compositeOf } from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { watchCovers } from '../../../oracle/src/escrow/cover.ts'
import { unpack } from '../../../oracle/src/store/json.ts'
import { takeLease } from '../../../oracle/src/store/lease.ts'
import type { BondStatement } from '../../../oracle/src/trust/event.ts'
import { agree, createDesk, pactOf, register } from '../support/world.ts'
import { DAY, livelyMarket, START, settled } from './market.ts'

const usdc = 1_000_000n

function withRecord() {
  const model = livelyMarket(60)
  for (let i = 0; i < 30; i++) {
    model.apply(settled({ buyer: `p${i}`, seller: 'bonded', at: START + i * 60 }))
  }
  return model
}

const answerOf = (model: ReturnType<typeof withRecord>) =>
  model.assess({ agent: 'bonded', role: 'seller', now: START + DAY })

test('[ORC-03] a bond never lowers a composite, whatever of it is reserved and whatever is open', () => {
  const model = withRecord()
  const without = answerOf(model).compositeScore as number
  const amount = fc.bigInt({ min: 0n, max: 10_000n * usdc })
  fc.assert(
    fc.property(amount, amount, amount, (staked, reserved, open) => {
      const free = staked > reserved ? staked - reserved : 0n
      model.apply({ kind: 'bond', agent: 'bonded', at: START + DAY, staked, free, open })
      const { compositeScore, scoreBreakdown } = answerOf(model)
      assert.ok((compositeScore as number) >= without)
      assert.equal(compositeScore, compositeOf(scoreBreakdown))
    }),
    { numRuns: 300 },
  )
})

test('[ORC-07] the bond counts by how far what is free of it covers what is open', () => {
  const model = withRecord()
  const scoreAt = (free: bigint, open: bigint) => {
    const staked = 1_000n * usdc
    model.apply({
      kind: 'bond',
      agent: 'bonded',
      at: START,
      staked,
      free: free * usdc,
      open: open * usdc,
    })
    return answerOf(model).scoreBreakdown.bondScore
  }
  assert.equal(scoreAt(1_000n, 0n), 100)
  // Half of it stands behind trades that were paid at once: the other half still covers what is open.
  assert.equal(scoreAt(500n, 500n), 100)
  assert.equal(scoreAt(500n, 510n), 98)
  assert.equal(scoreAt(500n, 5_000n), null)
  assert.equal(scoreAt(0n, 0n), 100)
})

test('what a bonded seller has open reaches the event log once for each change', async () => {
  const desk = await createDesk()
  const { oracle, clock, seller } = desk
  try {
    await register(desk, desk.buyer)
    await register(desk, seller)
    const { db, signer } = oracle
    const row = { staked: String(600n * usdc), free: String(500n * usdc), at: 1 }
    const wallet = seller.wallet.address.toLowerCase()
    await db
      .insertInto('bond')
      .values({ wallet, ...row })
      .execute()
    const lease = await takeLease(db, { name: 'indexer', holder: 'test', seconds: 60 })
    assert.ok(lease)
    const look = () => watchCovers({ db, signer, clock, lease })
    const told = async () => {
      const rows = await db.selectFrom('fact').select('fact').orderBy('seq').execute()
      return rows
        .map(({ fact }) => unpack<BondStatement>(fact))
        .filter(({ kind }) => kind === 'bond')
        .map(({ open }) => open)
    }
    await look()
    assert.deepEqual(await told(), [])
    await agree(desk, pactOf(desk))
    await look()
    await look()
    assert.deepEqual(await told(), [50n * usdc])
    clock.set(clock.now() + 4000)
    await look()
    assert.deepEqual(await told(), [50n * usdc, 0n])
  } finally {
    await desk.close()
  }
})
