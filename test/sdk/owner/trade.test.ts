import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { countParked } from '../../../oracle/src/store/parked.ts'
import { wallClock } from '../../../scripts/local/party.ts'
import { startTelegram } from '../../../scripts/local/telegram.ts'
import { readEscrow } from '../../../sdk/src/escrow/readEscrow.ts'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import { issueBearer } from '../../../sdk/src/negotiation/bearer.ts'
import { readAudit } from '../../../sdk/src/owner/audit.ts'
import { createOwnerDesk, type OwnerDesk } from '../../../sdk/src/owner/desk.ts'
import { createTelegram } from '../../../sdk/src/owner/telegram.ts'
import { parseUsdc } from '../../../sdk/src/protocol/money.ts'
import type { Seller } from '../../../sdk/src/seller.ts'
import { decodeTrustPolicy } from '../../../sdk/src/trust/policy.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
  until,
} from '../support/market.ts'
import { say, textOf } from '../support/talk.ts'

/** A partial delivery is no good record; these buyers hire all the same. */
const trustPolicy = decodeTrustPolicy({
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
  highValue: null,
  newcomer: { maxUsdc: '20' },
})
/** Delivers the greeting without its name, so that the oracle opens the dispute. */
const partial = { ...greeter, run: () => ({ json: { greeting: 'hello' } }) }

describe('owner of a seller on a real chain', () => {
  let market: Market
  let telegram: Awaited<ReturnType<typeof startTelegram>>
  let owner: OwnerDesk
  const store = createMemoryStore()
  const sellers: Seller[] = []
  before(async () => {
    market = await openMarket()
    telegram = await startTelegram()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
    owner = await createOwnerDesk({
      store,
      clock: wallClock,
      channels: [createTelegram({ token: telegram.token, apiRoot: telegram.url, pollSeconds: 5 })],
      tickMs: 100,
    })
    await owner.start()
    telegram.say(`/start ${await owner.link('telegram')}`)
    await telegram.until(/This account is linked/)
  })
  after(async () => {
    for (const seller of sellers) await seller.stop()
    await owner.stop()
    await telegram.close()
    await market.close()
  })

  async function hire(skill: typeof greeter) {
    const seller = await openSeller(market, { skills: [skill], owner, store: createMemoryStore() })
    sellers.push(seller)
    await seller.start()
    const buyer = openBuyer(market, { journal: createMemoryStore(), trustPolicy })
    const result = await buyer.hire(SELLER_URL, {
      task: taskOf(market),
      paymentUsdc: parseUsdc('10'),
    })
    return { seller, buyer, result }
  }
  const codeIn = (text: string) => /confirm \d{6}/.exec(text)?.[0] ?? ''

  test('[TOL-21] a trade that goes well never reaches the owner', async () => {
    telegram.posted.length = 0
    const { result, seller } = await hire(greeter)
    assert.equal(result.settlementStatus, 'released')
    await seller.stop()
    await owner.tick()
    await owner.idle()
    assert.deepEqual(telegram.posted, [])
  })

  test('[SET-19] a dozen small trades, six at a time, all end paid and on record; nobody is asked, and a day has room for more than ten thousand', async (t) => {
    telegram.posted.length = 0
    const seller = await openSeller(market, { owner, store: createMemoryStore() })
    sellers.push(seller)
    await seller.start()
    const journal = createMemoryStore()
    const buyer = openBuyer(market, { journal, trustPolicy, owner, useRelay: true })
    const errands = Array.from({ length: 12 }, (_, number) => parseUsdc('1') + BigInt(number))
    const paid: { escrowId: string; pactId: string; price: bigint }[] = []
    const before = process.cpuUsage()
    const queue = errands.values()
    const work = async () => {
      for (const paymentUsdc of queue) {
        const result = await buyer.hire(SELLER_URL, { task: taskOf(market), paymentUsdc })
        assert.equal(result.settlementStatus, 'released')
        const { escrowId, pactId, receipts } = result
        const { state } = await readEscrow(market.ground.client, receipts.funding.escrow)
        assert.equal(state, 'Completed')
        paid.push({ escrowId, pactId, price: receipts.signed.pact.paymentUsdc })
      }
    }
    await Promise.all(Array.from({ length: 6 }, work))
    const { user, system } = process.cpuUsage(before)

    // Each errand has a trade of its own, and none was paid twice.
    assert.equal(new Set(paid.map(({ escrowId }) => escrowId)).size, errands.length)
    assert.deepEqual(paid.map(({ price }) => price).sort(), errands)
    await until(async () => {
      const ask = ({ pactId }: { pactId: string }) =>
        market.oracleFor().call('getPact', { params: { pactId } })
      return (await Promise.all(paid.map(ask))).every(({ status }) => status === 'fulfilled')
    })
    assert.deepEqual(await countParked(market.world.oracle.db), { submissions: 0, jobs: 0 })
    await seller.stop()
    await owner.tick()
    await owner.idle()
    assert.deepEqual(telegram.posted, [])

    // Buyer, seller, oracle and its database are in this process: seven a minute of what it computed is
    // ten thousand a day, however busy the machine is with other things.
    const perMinute = errands.length / ((user + system) / 60e6)
    t.diagnostic(`${perMinute.toFixed(0)} trades for each minute of one core`)
    assert.ok(perMinute > 7, `${perMinute} trades for each minute of one core`)
  })

  test('[TOL-19] "approve the refund" from the owner’s phone pays the buyer back on chain, after a code, with the receipt told', async () => {
    const { buyer, result } = await hire(partial)
    assert.equal(result.settlementStatus, 'disputed')
    const alert = await telegram.until(/A trade is disputed: 10 USDC/)
    assert.match(alert.text, new RegExp(result.escrowId))
    telegram.say('approve the refund', { replyTo: alert.messageId })
    const asked = await telegram.until(/pays 10 USDC back to the buyer/)
    const { escrow } = result.receipts.funding
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Disputed')
    telegram.say(codeIn(asked.text))
    const receipt = await telegram.until(/10 USDC went back to the buyer/)
    const hash = /0x[0-9a-f]{64}/.exec(receipt.text)?.[0] as `0x${string}`
    const { status } = await market.ground.client.getTransactionReceipt({ hash })
    assert.equal(status, 'success')
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Refunded')

    const ended = await buyer.resume(result.tradeId)
    assert.equal(ended.settlementStatus, 'refunded')
    assert.equal(ended.receipts.settlement?.buyerUsdc, parseUsdc('10'))
    assert.equal(ended.receipts.settlement?.txHash, hash)
    const log = await readAudit(store)
    assert.equal(log.filter(({ action }) => action === 'executed').length, 1)
  })

  test('a refund that is bound to the trade as it stood is refused by the chain once it has moved on', async () => {
    const { seller, result } = await hire(partial)
    const { escrow } = result.receipts.funding
    const { pact } = result.receipts.signed
    const { seq } = await readEscrow(market.ground.client, escrow)
    const answer = { action: 'agree_refund' } as const
    await assert.rejects(seller.disputes.answer({ pact, answer, seq: seq - 1n }))
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Disputed')
    await seller.disputes.answer({ pact, answer, seq })
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Refunded')
  })

  test('the owner’s defence opens the negotiation, and a code for a refund that was asked before it is void', async () => {
    const { result } = await hire(partial)
    const { escrow } = result.receipts.funding
    const alert = await telegram.until(new RegExp(`disputed.*${result.escrowId}`, 's'))
    telegram.say('refund', { replyTo: alert.messageId })
    const asked = await telegram.until(new RegExp(`back to the buyer.*${result.escrowId}`, 's'))
    telegram.say('defend The input named nobody', { replyTo: alert.messageId })
    await telegram.until(/Your defence is on record/)
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Negotiating')
    telegram.say(codeIn(asked.text))
    await telegram.until(/The trade has moved on/)
    assert.equal((await readEscrow(market.ground.client, escrow)).state, 'Negotiating')
  })

  test('[TOL-16] [TOL-20] a request that is not in the catalogue calls the owner, whose words are the agent’s next message there', async () => {
    const seller = await openSeller(market, { owner })
    const { identity } = buyerParty
    const audience = `${SELLER_URL}/a2a`
    // Each proves itself anew.
    const headers = () => {
      const bearer = issueBearer({ identity, audience, now: market.clock.now() })
      return { authorization: `Bearer ${bearer}` }
    }
    const asked = await say(seller, { taskType: 'tax_return', year: 2026 }, { headers: headers() })
    const taskId = asked.result?.task?.id ?? ''
    const alert = await telegram.until(/not in the catalogue/)
    telegram.say('tell them that’s out of scope', { replyTo: alert.messageId })
    await telegram.until(/It will be said/)
    const next = textOf(await say(seller, 'And now?', { headers: headers(), taskId }))
    assert.match(next, /From the owner of this agent: that’s out of scope/)
    const last = textOf(await say(seller, 'And now?', { headers: headers(), taskId }))
    assert.doesNotMatch(last, /out of scope/)
  })

  test('a buyer’s owner is called by its own desk’s engine too, and stops what is not funded yet', async () => {
    const seller = await openSeller(market, { skills: [partial] })
    sellers.push(seller)
    await seller.start()
    const journal = createMemoryStore()
    const buyer = openBuyer(market, { journal, trustPolicy, owner })
    const task = taskOf(market)
    const result = await buyer.hire(SELLER_URL, { task, paymentUsdc: parseUsdc('10') })
    assert.equal(result.settlementStatus, 'disputed')
    const alert = await telegram.until(new RegExp(`${result.escrowId}, seller did:key`))
    telegram.say('refund', { replyTo: alert.messageId })
    await telegram.until(/Not possible: refund/)
    telegram.say('cancel', { replyTo: alert.messageId })
    const asked = await telegram.until(/ends the trade before it is funded/)
    telegram.say(codeIn(asked.text))
    await telegram.until(/^Cancelled/)
    assert.notEqual(await journal.get(`stopped/${result.tradeId}`), undefined)
  })
})
