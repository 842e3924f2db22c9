import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { HireResult } from '../../sdk/src/buyer.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { Seller, SellerOptions } from '../../sdk/src/seller.ts'
import { falseReport } from './support/falseReport.ts'
import {
  buyerParty,
  greeter,
  lenient,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
  taskOf,
} from './support/market.ts'

describe('dispute', () => {
  let market: Market
  const sellers: Seller[] = []
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(async () => {
    for (const seller of sellers) await seller.stop()
    await market.close()
  })

  /** Delivers the greeting without its name: 60 of 100 points, so the oracle opens the dispute. */
  const partial = { ...greeter, run: () => ({ json: { greeting: 'hello' } }) }

  async function disputed(changes: Partial<SellerOptions> = {}): Promise<{
    seller: Seller
    buyer: ReturnType<typeof openBuyer>
    result: HireResult
  }> {
    const seller = await openSeller(market, { skills: [partial], ...changes })
    sellers.push(seller)
    await seller.start()
    const buyer = openBuyer(market, { journal: createMemoryStore(), trustPolicy: lenient })
    const options = { task: taskOf(market), paymentUsdc: parseUsdc('10') }
    const result = await buyer.hire(SELLER_URL, options)
    assert.equal(result.settlementStatus, 'disputed')
    assert.equal(result.receipts.report?.result, 'PARTIAL')
    return { seller, buyer, result }
  }

  const stateOf = async ({ receipts }: HireResult) =>
    (await readEscrow(market.ground.client, receipts.funding.escrow)).state

  test('a partial delivery ends in a split that both signed: below the report the seller counters with it', async () => {
    const { buyer, result } = await disputed()
    await assert.rejects(buyer.settleDispute(result.tradeId, { sellerBps: 3000 }), {
      code: 'offer_declined',
    })
    assert.equal(await stateOf(result), 'Disputed')
    const offer = { sellerBps: 3000, maxSellerBps: 6000 }
    const settled = await buyer.settleDispute(result.tradeId, offer)
    assert.equal(settled.settlementStatus, 'resolved')
    const { settlement } = settled.receipts
    assert.equal(settlement?.outcome, 'settled')
    assert.equal(settlement?.sellerBps, 6000)
    assert.equal(settlement?.buyerUsdc, parseUsdc('4'))
    assert.equal(settlement?.arbitrationFeeUsdc, 0n)
    assert.deepEqual(await buyer.open(), [])
  })

  test('an offer at the report’s share is settled by the seller itself, and its policy may decline any', async () => {
    const { buyer, result } = await disputed()
    const settled = await buyer.settleDispute(result.tradeId, { sellerBps: 6500 })
    assert.equal(settled.receipts.settlement?.sellerBps, 6500)

    const proud = await disputed({ evaluateOffer: () => ({ decline: 'We stand by it' }) })
    await assert.rejects(proud.buyer.settleDispute(proud.result.tradeId, { sellerBps: 9999 }), {
      code: 'offer_declined',
      details: { reasonCode: 'offer_declined', reason: 'We stand by it' },
    })
  })

  test('a report that the chain does not have the hash of decides nothing: the seller declines to split by it', async () => {
    const oracle = falseReport(market.oracleFor(sellerParty.identity), { passedBps: 1000 })
    const { buyer, result } = await disputed({ oracle })
    await assert.rejects(buyer.settleDispute(result.tradeId, { sellerBps: 1000 }), {
      code: 'offer_declined',
      details: { reasonCode: 'offer_declined', reason: 'Nobody has checked this delivery' },
    })
    assert.equal(await stateOf(result), 'Disputed')
  })

  test('[TOL-10] a defence needs a written explanation and opens the negotiation', async () => {
    const { seller, result } = await disputed()
    const { pact } = result.receipts.signed
    for (const explanation of ['', '  \n']) {
      await assert.rejects(
        seller.disputes.answer({ pact, answer: { action: 'defend', explanation } }),
        { code: 'explanation_missing' },
      )
    }
    assert.equal(await stateOf(result), 'Disputed')
    const answer = { action: 'defend', explanation: 'The input named nobody' } as const
    await seller.disputes.answer({ pact, answer })
    assert.equal(await stateOf(result), 'Negotiating')
  })

  test('[TOL-12] exactly one of the two answers counts: the second is refused, of two at once one wins, and talk does nothing', async () => {
    const { seller, result } = await disputed()
    const { pact } = result.receipts.signed
    const defend = { action: 'defend', explanation: 'The input named nobody' } as const
    const outcomes = await Promise.allSettled([
      seller.disputes.answer({ pact, answer: defend }),
      seller.disputes.answer({ pact, answer: { action: 'agree_refund' } }),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.equal(await stateOf(result), 'Negotiating')
    await assert.rejects(seller.disputes.answer({ pact, answer: { action: 'agree_refund' } }), {
      code: 'already_answered',
    })
    await assert.rejects(seller.disputes.answer({ pact, answer: defend }), {
      code: 'already_answered',
    })
  })

  test('[W-25] [TOL-11] agreeing to a refund pays the buyer back in full', async () => {
    const { seller, buyer, result } = await disputed()
    const { pact } = result.receipts.signed
    await seller.disputes.answer({ pact, answer: { action: 'agree_refund' } })
    const ended = await buyer.resume(result.tradeId)
    assert.equal(ended.settlementStatus, 'refunded')
    assert.equal(ended.receipts.settlement?.buyerUsdc, parseUsdc('10'))
  })
})
