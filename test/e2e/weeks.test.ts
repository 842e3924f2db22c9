import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Task } from '../../sdk/src/buyer.ts'
import { amend, authorizeAmend } from '../../sdk/src/escrow/amend.ts'
import { type EscrowRef, escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { deliverInline } from '../../sdk/src/escrow/deliverInline.ts'
import { expire } from '../../sdk/src/escrow/expire.ts'
import { fund } from '../../sdk/src/escrow/fund.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { release } from '../../sdk/src/escrow/release.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import { hashPact, type Pact, signPact } from '../../sdk/src/protocol/pact.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import {
  buyerParty,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
  taskOf,
} from '../sdk/support/market.ts'

const DAY = 86_400

describe('weeks', () => {
  let market: Market
  let begin: number
  let seller: Seller | undefined
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, parseUsdc('9'))
    begin = market.clock.now()
  })
  after(async () => {
    await seller?.stop()
    await market.close()
  })

  /** The chain, and with it every clock of the market, at a day since the beginning. */
  async function toDay(day: number): Promise<void> {
    const at = begin + day * DAY
    await market.ground.client.setNextBlockTimestamp({ timestamp: BigInt(at) })
    await market.ground.client.mine({ blocks: 1 })
    while (market.clock.now() < at) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  /** Three parts for 9 USDC, all that a newcomer may ask for, each with a criterion and a week of its own. */
  function parts(): Task {
    const stages: [string, string][] = [
      ['model', '2'],
      ['review', '3'],
      ['report', '4'],
    ]
    return taskOf(market, {
      deadline: begin + 21 * DAY,
      acceptance: stages.map(([id]) => ({
        id,
        description: 'There is a greeting',
        weight: 1,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/greeting'] },
      })),
      milestones: stages.map(([id, usdc], index) => ({
        title: `The ${id}`,
        paymentUsdc: parseUsdc(usdc),
        fundBy: begin + (7 * index + 6) * DAY,
        deadlineUtc: begin + 7 * (index + 1) * DAY,
        acceptance: [id],
        deliverableFormat: ['application/json'],
      })),
    })
  }

  const stateOf = async (escrow: EscrowRef) =>
    (await readEscrow(market.ground.client, escrow)).state
  const balanceOf = (owner: `0x${string}`) =>
    readBalance(market.ground.client, { token: market.ground.deployment.token, owner })

  const bothSign = (pact: Pact) => ({
    pact,
    pactHash: hashPact(pact),
    buyerSignature: signPact({ pact, identity: buyerParty.identity }),
    sellerSignature: signPact({ pact, identity: sellerParty.identity }),
  })

  test('[W-17] three weeks: each part has its week, a killed client goes on days later, and both move the last deadline', async () => {
    seller = await openSeller(market)
    await seller.register()
    await seller.start()

    // Week one. The buyer's process dies when the first part is paid.
    const journal = createMemoryStore()
    let tradeId = ''
    const first = openBuyer(market, {
      journal,
      onProgress: (progress) => {
        if (progress.step === 'drafted') tradeId = progress.tradeId
        if (progress.step === 'settled') throw new Error('killed')
      },
    })
    const payment = { task: parts(), paymentUsdc: parseUsdc('9') }
    await assert.rejects(first.hire(SELLER_URL, payment), { message: 'killed' })

    // Week two. Another process with its journal finds the trade and goes on with the second part.
    await toDay(9)
    const second = openBuyer(market, { journal, fundNext: ({ milestone }) => milestone === 0 })
    assert.deepEqual(await second.open(), [tradeId])
    const { stages, receipts } = await second.resume(tradeId)
    assert.deepEqual(
      stages.map(({ milestone, settlementStatus }) => [milestone, settlementStatus]),
      [
        [0, 'released'],
        [1, 'released'],
      ],
    )
    await seller.stop()

    // Week three. The last part is locked; then both agree that it takes a week longer.
    await toDay(16)
    const { signed } = receipts
    const [buyer, worker] = [buyerParty, sellerParty].map(({ wallet }) => market.wallet(wallet))
    assert.ok(buyer && worker)
    await fund(buyer, { signed, milestone: 2 })
    const old = escrowOfPact({ pact: signed.pact, milestone: 2 })
    const longer = bothSign({
      ...signed.pact,
      deadlineUtc: begin + 28 * DAY,
      milestones: (signed.pact.milestones ?? []).map((part, index) =>
        index === 2 ? { ...part, deadlineUtc: begin + 28 * DAY } : part,
      ),
    })
    const moved = escrowOfPact({ pact: longer.pact, milestone: 2 })
    const both = { escrow: old, amended: moved }
    // The buyer's word alone moves nothing.
    await assert.rejects(amend(buyer, { ...both, counterAuthorization: '0x' }), {
      code: 'unexpected_sender',
    })
    const counterAuthorization = await authorizeAmend(worker, both)
    await amend(buyer, { ...both, counterAuthorization })
    assert.deepEqual([await stateOf(old), await stateOf(moved)], ['Amended', 'Funded'])

    // After the old deadline: the old lock is over, the new one takes the work.
    await toDay(22)
    await assert.rejects(expire(buyer, { escrow: old }), { code: 'unexpected_state' })
    await assert.rejects(expire(buyer, { escrow: moved }), { code: 'before_deliver_by' })
    const artifact = new TextEncoder().encode('{"greeting":"the report"}')
    await deliverInline(worker, { escrow: moved, artifact })
    await release(buyer, { escrow: moved })
    assert.equal(await stateOf(moved), 'Completed')
    assert.equal(await balanceOf(sellerParty.wallet.address), parseUsdc('8.955'))
    assert.equal(await balanceOf(buyerParty.wallet.address), 0n)
  })
})
