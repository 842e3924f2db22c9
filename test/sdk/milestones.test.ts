import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Task } from '../../sdk/src/buyer.ts'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { HireResult } from '../../sdk/src/receipts.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
  taskOf,
} from './support/market.ts'

describe('milestones', () => {
  let market: Market
  let seller: Seller
  const done: number[] = []
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    const counting = {
      ...greeter,
      run: (job: Parameters<typeof greeter.run>[0]) => {
        done.push(job.milestone)
        return greeter.run(job)
      },
    }
    seller = await openSeller(market, { skills: [counting] })
    await seller.register()
    await seller.start()
  })
  after(async () => {
    await seller.stop()
    await market.close()
  })

  /** Three parts of 2, 3 and 4 USDC, each with a criterion and times of its own. */
  function parts(): Task {
    const now = market.clock.now()
    const ids = ['first', 'second', 'third']
    return taskOf(market, {
      deadline: now + 9000,
      acceptance: ids.map((id) => ({
        id,
        description: 'There is a greeting',
        weight: 1,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/greeting'] },
      })),
      milestones: ids.map((id, index) => ({
        title: `The ${id} part`,
        paymentUsdc: parseUsdc(String(index + 2)),
        fundBy: now + 3000 * index + 1500,
        deadlineUtc: now + 3000 * (index + 1),
        acceptance: [id],
        deliverableFormat: ['application/json'],
      })),
    })
  }

  const balanceOf = (owner: `0x${string}`) =>
    readBalance(market.ground.client, { token: market.ground.deployment.token, owner })
  const stateOf = async ({ receipts }: HireResult, milestone: number) => {
    const escrow = escrowOfPact({ pact: receipts.signed.pact, milestone })
    return (await readEscrow(market.ground.client, escrow)).state
  }

  test('three milestones are funded one after the other, each only when the one before was paid', async () => {
    done.length = 0
    const paid = await balanceOf(sellerParty.wallet.address)
    const order: string[] = []
    const buyer = openBuyer(market, {
      onProgress: ({ step }) => {
        if (step === 'funded' || step === 'settled') order.push(step)
      },
    })
    const result = await buyer.hire(SELLER_URL, { task: parts(), paymentUsdc: parseUsdc('9') })
    assert.deepEqual(
      result.stages.map(({ milestone, settlementStatus }) => [milestone, settlementStatus]),
      [
        [0, 'released'],
        [1, 'released'],
        [2, 'released'],
      ],
    )
    assert.deepEqual(order, ['funded', 'settled', 'funded', 'settled', 'funded', 'settled'])
    assert.deepEqual(done, [0, 1, 2])
    assert.equal((await balanceOf(sellerParty.wallet.address)) - paid, parseUsdc('8.955'))
    assert.deepEqual(await buyer.open(), [])
  })

  test('[DRV-11] a three-milestone trade that is cancelled after the first pays the first and locks nothing more', async () => {
    done.length = 0
    const journal = createMemoryStore()
    let cancelling: Promise<void> | undefined
    const before = await balanceOf(buyerParty.wallet.address)
    const buyer = openBuyer(market, {
      journal,
      // Says cancel while the first runs, and would go on by its policy.
      fundNext: async () => {
        for (const tradeId of await buyer.open()) await buyer.cancel(tradeId)
        return true
      },
      onProgress: ({ step }) => {
        if (step === 'funded') cancelling ??= buyer.open().then(([id]) => buyer.cancel(String(id)))
      },
    })
    const options = { task: parts(), paymentUsdc: parseUsdc('9') }
    const result = await buyer.hire(SELLER_URL, options)
    await cancelling
    assert.equal(result.settlementStatus, 'released')
    assert.equal(result.stages.length, 1)
    assert.deepEqual(done, [0])
    assert.equal(before - (await balanceOf(buyerParty.wallet.address)), parseUsdc('2'))
    for (const milestone of [1, 2]) assert.equal(await stateOf(result, milestone), 'None')
    assert.deepEqual(await buyer.open(), [])
  })

  test('a cancelled trade stays cancelled for the process that takes it up', async () => {
    const journal = createMemoryStore()
    let tradeId = ''
    const first = openBuyer(market, {
      journal,
      onProgress: (progress) => {
        if (progress.step === 'drafted') tradeId = progress.tradeId
        // Dies between the first milestone's end and the second's beginning.
        if (progress.step === 'settled') throw new Error('killed')
      },
    })
    const options = { task: parts(), paymentUsdc: parseUsdc('9') }
    await assert.rejects(first.hire(SELLER_URL, options), { message: 'killed' })
    const second = openBuyer(market, { journal })
    assert.deepEqual(await second.open(), [tradeId])
    await second.cancel(tradeId)
    const result = await second.resume(tradeId)
    assert.equal(result.stages.length, 1)
    assert.equal(await stateOf(result, 1), 'None')
    assert.deepEqual(await second.open(), [])
  })

  test('a trade that is cancelled before its first part is funded locks nothing, then or later', async () => {
    for (const step of ['drafted', 'agreed', 'registered'] as const) {
      const journal = createMemoryStore()
      const before = await balanceOf(buyerParty.wallet.address)
      let tradeId = ''
      const first = openBuyer(market, {
        journal,
        onProgress: (progress) => {
          if (progress.step === 'drafted') tradeId = progress.tradeId
          if (progress.step === step) throw new Error('killed')
        },
      })
      const options = { task: parts(), paymentUsdc: parseUsdc('9') }
      await assert.rejects(first.hire(SELLER_URL, options), { message: 'killed' })
      const second = openBuyer(market, { journal })
      await second.cancel(tradeId)
      for (let again = 0; again < 2 && (await second.open()).length > 0; again++) {
        await assert.rejects(second.resume(tradeId), { code: 'trade_cancelled' }, step)
      }
      assert.equal(await balanceOf(buyerParty.wallet.address), before, step)
    }
  })

  test('a deal that was not made by its deadline has ended, and is open until then', async () => {
    const isAway = (() => Promise.reject(new TypeError('fetch failed'))) as typeof fetch
    const oracles = [market.oracleFor(buyerParty.identity, isAway)]
    for (const step of ['drafted', 'agreed'] as const) {
      const journal = createMemoryStore()
      let tradeId = ''
      const first = openBuyer(market, {
        journal,
        onProgress: (progress) => {
          if (progress.step === 'drafted') tradeId = progress.tradeId
          if (progress.step === step) throw new Error('killed')
        },
      })
      const task = taskOf(market)
      const options = { task, paymentUsdc: parseUsdc('2') }
      await assert.rejects(first.hire(SELLER_URL, options), { message: 'killed' })
      for (const [now, open] of [
        [task.deadline - 1, [tradeId]],
        [task.deadline, []],
      ] as const) {
        const clock = { now: () => now }
        const second = openBuyer(market, { journal, clock, fetch: isAway, oracles })
        await assert.rejects(second.resume(tradeId), { code: 'oracle_unreachable' }, step)
        assert.deepEqual(await second.open(), open, step)
      }
    }
  })

  test('the same trade hired twice at once is one trade and is paid once', async () => {
    const journal = createMemoryStore()
    const before = await balanceOf(buyerParty.wallet.address)
    const buyer = openBuyer(market, { journal })
    const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
    const wish = { ...options, tradeId: crypto.randomUUID() }
    const results = await Promise.all([1, 2].map(() => buyer.hire(SELLER_URL, wish)))
    assert.equal(new Set(results.map(({ escrowId }) => escrowId)).size, 1)
    assert.equal(before - (await balanceOf(buyerParty.wallet.address)), parseUsdc('2'))
  })

  test('a metric without its checker is refused before anything is proposed', async () => {
    const acceptance: Task['acceptance'] = [
      {
        id: 'score',
        description: 'The score is at least one half',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'deliverable.json',
          pointer: '/score',
          min: 0.5,
          source: { kind: 'checker', sha256: 'ab'.repeat(32) },
        },
      },
    ]
    const buyer = openBuyer(market)
    const task = taskOf(market, { acceptance })
    await assert.rejects(buyer.hire(SELLER_URL, { task, paymentUsdc: parseUsdc('2') }), {
      code: 'deposit_missing',
    })
    assert.deepEqual(await buyer.open(), [])
  })
})
