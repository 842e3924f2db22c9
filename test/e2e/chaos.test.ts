import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { audit } from '../../scripts/market/audit.ts'
import { checkBalances, readLedger } from '../../scripts/market/ledger.ts'
import { openMarket } from '../../scripts/market/market.ts'

/** Trades that are under way together. */
const TRADES = 3

describe('kill -9', () => {
  let market: Awaited<ReturnType<typeof openMarket>>
  before(async () => {
    market = await openMarket({
      oracles: 1,
      sellers: [{ name: 'seller', workMs: 1_500 }],
      buyers: [
        { name: 'buyer', sellers: ['seller'], atOnce: TRADES, limit: TRADES, isRelayed: true },
      ],
    })
  })
  after(() => market?.close())

  test('[ATK-08] seller, buyer and oracle are killed in the middle of their trades and come back: each is delivered once, paid once and known to all', async () => {
    const { client, deployment, minted, databaseUrl, books } = market
    const [oracle, seller, buyer] = [market.oracles[0], market.sellers[0], market.buyers[0]]
    if (oracle === undefined || seller === undefined || buyer === undefined) assert.fail()

    const isAtWork = seller.says('started', 60_000)
    const isFunded = buyer.says('funded', 60_000)
    await buyer.up()
    // The buyer dies with its first payment on the way, the seller in the middle of its work, ...
    assert.ok(await isFunded)
    await buyer.kill()
    assert.ok(await isAtWork)
    await seller.kill()
    await Promise.all([buyer.up(), seller.up()])
    // ... and the oracle with what the seller has just handed in.
    assert.ok(await seller.says('submitted', 60_000))
    await oracle.kill()
    await oracle.up()
    assert.ok(await buyer.drain(120_000), 'a trade is stuck')

    // The oracle writes its last receipt when the chain is sure of the last end.
    const end = performance.now() + 30_000
    const look = async () =>
      await audit({ ledger: await readLedger(client, deployment), buyers: books, databaseUrl })
    while (performance.now() < end && (await look()).faults.length > 0) await setTimeout(500)
    const { trades, settled, stuck, paidTwice, lost, faults } = await look()
    assert.deepEqual(faults, [])
    assert.deepEqual(
      { trades, settled, stuck, paidTwice, lost },
      { trades: TRADES, settled: TRADES, stuck: 0, paidTwice: 0, lost: 0 },
    )
    const ledger = await readLedger(client, deployment)
    const balances = await checkBalances(client, { deployment, ledger, minted })
    assert.deepEqual(balances, { mismatchedBaseUnits: 0n, faults: [] })
  })
})
