import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { BuyerOptions } from '../../sdk/src/buyer.ts'
import type { EscrowRef } from '../../sdk/src/escrow/client.ts'
import { readEvents } from '../../sdk/src/escrow/events.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { HireResult } from '../../sdk/src/receipts.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { falseReport } from './support/falseReport.ts'
import {
  buyerParty,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
  until,
} from './support/market.ts'

describe('objection', () => {
  let market: Market
  let seller: Seller
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    seller = await openSeller(market)
    await seller.register()
    await seller.start()
  })
  after(async () => {
    await seller.stop()
    await market.close()
  })

  /** A buyer whose oracle shows another report than what it attested. */
  function deceived(more: Partial<BuyerOptions> = {}) {
    const oracle = falseReport(market.oracleFor(buyerParty.identity))
    return openBuyer(market, { oracles: [oracle], ...more })
  }

  const options = () => ({ task: taskOf(market), paymentUsdc: parseUsdc('5') })
  const statusOf = ({ receipts }: HireResult) =>
    readEscrow(market.ground.client, receipts.funding.escrow)
  const disputesOf = async ({ receipts }: HireResult) =>
    (await readEvents(market.ground.client, receipts.funding.escrow, 0n)).filter(
      ({ eventName }) => eventName === 'Disputed',
    ).length

  test('what contradicts the chain is disputed once, with the claim at the oracle, also after a restart', async () => {
    const journal = createMemoryStore()
    const buyer = deceived({ journal })
    const result = await buyer.hire(SELLER_URL, options())
    assert.equal(result.settlementStatus, 'disputed')
    assert.equal((await statusOf(result)).buyerDisputed, true)
    assert.equal((await buyer.resume(result.tradeId)).settlementStatus, 'disputed')
    assert.equal(await disputesOf(result), 1)
    const [key] = await journal.keys('trade/')
    const trade = (await journal.get(String(key))) as { objections: { isFiled: boolean }[] }
    assert.deepEqual(
      trade.objections.map(({ isFiled }) => isFiled),
      [true],
    )
  })

  test('an oracle that hangs holds up no objection: the chain has it while the paper is on its way', async () => {
    const honest = falseReport(market.oracleFor(buyerParty.identity))
    let escrow: EscrowRef | undefined
    let stood: boolean | undefined
    const oracle: OracleClient = {
      ...honest,
      call: (async (name: string, given: never) => {
        if (name === 'dispute' && escrow !== undefined && stood === undefined) {
          stood = false
          for (let look = 0; look < 50 && !stood; look++) {
            await new Promise((resolve) => setTimeout(resolve, 100))
            stood = (await readEscrow(market.ground.client, escrow)).state === 'Disputed'
          }
        }
        return honest.call(name as never, given)
      }) as OracleClient['call'],
    }
    const buyer = openBuyer(market, {
      oracles: [oracle],
      onProgress(progress) {
        if (progress.step === 'funded') escrow = progress.funded.escrow
      },
    })
    const result = await buyer.hire(SELLER_URL, options())
    assert.equal(result.settlementStatus, 'disputed')
    assert.equal(stood, true)
  })

  test('the policy can leave a contradiction alone: nothing is staked', async () => {
    const settlePolicy = {
      releaseOnPass: true,
      releaseSubjective: false,
      disputeContradictions: false,
    }
    const buyer = deceived({ settlePolicy, timeoutMs: 1500 })
    const result = await buyer.hire(SELLER_URL, options())
    assert.equal(result.settlementStatus, 'pending')
    // It may have stopped waiting before the delivery was there: now it looks at it.
    await until(async () => (await statusOf(result)).state === 'Delivered')
    assert.equal((await buyer.resume(result.tradeId)).settlementStatus, 'pending')
    assert.equal((await statusOf(result)).state, 'Delivered')
    assert.equal(await disputesOf(result), 0)
  })

  test('an oracle that names another escrow, token, chain or arbiter than the buyer’s own list is refused', async () => {
    const { deployment } = market.ground
    const other = buyerParty.wallet.address
    const { chainId, escrow, token, arbiter } = deployment
    const venue = { chainId, escrow, token, arbiters: [arbiter] }
    for (const changes of [
      { chainId: 8453 },
      { escrow: other },
      { token: other },
      { arbiters: [other] },
    ]) {
      const buyer = openBuyer(market, { venue: { ...venue, ...changes } })
      await assert.rejects(buyer.hire(SELLER_URL, options()), { code: 'venue_mismatch' })
      assert.deepEqual(await buyer.open(), [])
    }
    const fine = await openBuyer(market, { venue }).hire(SELLER_URL, options())
    assert.equal(fine.settlementStatus, 'released')
  })

  test('without a list the oracle’s first word is kept, and another one later is refused', async () => {
    const journal = createMemoryStore()
    const first = await openBuyer(market, { journal }).hire(SELLER_URL, options())
    assert.equal(first.settlementStatus, 'released')
    const honest = market.oracleFor(buyerParty.identity)
    const call = async (name: never, asked: never) => {
      const answer: object = await honest.call(name, asked)
      return name === 'getOracle' ? { ...answer, escrow: buyerParty.wallet.address } : answer
    }
    const moved = { ...honest, call: call as OracleClient['call'] }
    const later = openBuyer(market, { oracles: [moved], journal })
    await assert.rejects(later.hire(SELLER_URL, options()), { code: 'venue_mismatch' })
  })
})
