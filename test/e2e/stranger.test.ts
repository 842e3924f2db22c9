import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { PublicClient } from 'viem'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import { createSeller } from '../../sdk/src/seller.ts'
import { sellerDefaults } from '../../sdk/src/sellerDefaults.ts'
import { party } from '../oracle/support/world.ts'
import {
  buyerParty,
  greeter,
  type Market,
  ORACLE_URL,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
} from '../sdk/support/market.ts'
import { buy } from './stranger/buy.ts'
import { sell } from './stranger/sell.ts'
import { stranger } from './stranger/speak.ts'

describe('strangers who have only read the documents', () => {
  let market: Market
  before(async () => {
    market = await openMarket()
  })
  after(() => market.close())

  test('no line of theirs is ours', () => {
    for (const name of readdirSync('test/e2e/stranger')) {
      const text = readFileSync(`test/e2e/stranger/${name}`, 'utf8')
      const sources = [...text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)].map(
        (found) => found[1] ?? found[2],
      )
      assert.deepEqual(
        sources.filter(
          (source) => !/^(node:|viem|@a2a-js\/sdk|\.\/[a-z]+\.ts$)/.test(String(source)),
        ),
        [],
        name,
      )
    }
  })

  test('a stock A2A client discovers, negotiates, pays and receives a deliverable with the page alone', async () => {
    const { wallet } = party(61)
    await market.endow(wallet.address, parseUsdc('10'))
    const seller = await openSeller(market)
    await seller.register()
    await seller.start()
    try {
      const { files, pact, rounds } = await buy({
        me: stranger(new Uint8Array(32).fill(61), wallet),
        fetch: market.fetch,
        sellerUrl: SELLER_URL,
        oracle: { url: ORACLE_URL, did: market.world.oracle.signer.did },
        clock: () => market.clock.now(),
        chain: market.wallet(wallet) as unknown as PublicClient,
        wallet: market.wallet(wallet),
      })
      assert.deepEqual(rounds, ['counter_proposed', 'accepted', 'completed'])
      assert.equal(pact.paymentUsdc, '1')
      const text = new TextDecoder().decode(files.get('deliverable.json'))
      assert.deepEqual(JSON.parse(text), { greeting: 'hello', to: 'Ann' })
    } finally {
      await seller.stop()
    }
  })

  test('[DIS-19] an agent that is one function over plain HTTP registers, is found, hired and paid', async () => {
    const { wallet } = party(62)
    await market.endow(buyerParty.wallet.address, parseUsdc('10'))
    const me = stranger(new Uint8Array(32).fill(62), wallet)
    const url = 'http://plain.test'
    const handler = await sell({
      me,
      fetch: market.fetch,
      url,
      oracle: { url: ORACLE_URL, did: market.world.oracle.signer.did },
      rpcUrl: market.ground.url,
      clock: () => market.clock.now(),
      work: ({ to }) => ({ greeting: 'hello', to }),
    })
    market.hosts.set('plain.test', handler)
    const buyer = openBuyer(market)
    const found = await buyer.search({ capability: 'greeting' })
    assert.ok(found.some(({ record }) => record.did === me.did))
    const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
    const { settlementStatus, deliverable, receipts } = await buyer.hire(url, options)
    assert.equal(settlementStatus, 'released')
    assert.equal(receipts.signed.pact.seller.did, me.did)
    const [file] = deliverable?.files ?? []
    assert.deepEqual(JSON.parse(new TextDecoder().decode(file?.bytes)), {
      greeting: 'hello',
      to: 'Ann',
    })
    const { token } = market.ground.deployment
    const paid = await readBalance(market.ground.client, { token, owner: wallet.address })
    assert.equal(paid, parseUsdc('1.99'))
  })

  test('a seller that says no more than its defaults ask is found, hired and paid', async () => {
    const { identity, wallet } = party(63)
    await market.endow(buyerParty.wallet.address, parseUsdc('10'))
    const facts = {
      identity,
      wallet: market.wallet(wallet),
      oracle: market.oracleFor(identity),
      clock: market.clock,
      name: 'Greeter',
      description: 'Says hello for money',
      endpoint: 'http://plainest.test/a2a',
      skills: [greeter],
    } as const
    const { chainId, escrow, token } = market.ground.deployment
    await assert.rejects(
      sellerDefaults({ ...facts, venue: { chainId, escrow, token, arbiters: [wallet.address] } }),
      { code: 'venue_mismatch' },
    )
    const seller = createSeller(await sellerDefaults(facts))
    market.hosts.set('plainest.test', seller.fetch)
    await seller.register()
    await seller.start()
    try {
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
      const hired = await openBuyer(market).hire('http://plainest.test', options)
      assert.equal(hired.settlementStatus, 'released')
    } finally {
      await seller.stop()
    }
  })
})
