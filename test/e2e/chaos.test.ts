import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openBetween } from '../../scripts/chaos/between.ts'
import { createGate, type Phase } from '../../scripts/chaos/gate.ts'
import { localIdentity } from '../../scripts/local/party.ts'
import type { Actor } from '../../scripts/market/actor.ts'
import { audit } from '../../scripts/market/audit.ts'
import { checkBalances, readLedger } from '../../scripts/market/ledger.ts'
import { openMarket } from '../../scripts/market/market.ts'

/** Trades that are under way together. */
const TRADES = 3

describe('kill -9', () => {
  const gate = createGate()
  const crashes: string[] = []
  let between: Awaited<ReturnType<typeof openBetween>>
  let market: Awaited<ReturnType<typeof openMarket>>
  before(async () => {
    const identity = localIdentity('buyer')
    const nameOf = (did: string) => (did === identity.did ? 'buyer' : undefined)
    between = await openBetween({ gate, nameOf })
    market = await openMarket({
      oracles: 1,
      sellers: [{ name: 'seller' }],
      buyers: [
        { name: 'buyer', sellers: ['seller'], atOnce: TRADES, limit: TRADES, isRelayed: true },
      ],
      blockSeconds: 0.2,
      between,
      onCrash: (name, why) => crashes.push(`${name} ${why}`),
    })
  })
  after(async () => {
    await market?.close()
    await between?.close()
  })

  /** Holds a process where it is to die, and kills it there. */
  async function dies(actor: Actor, phase: Phase, step: string): Promise<void> {
    const held = await gate.trap(actor.name, (s, p) => s === step && p === phase, 120_000)
    assert.ok(held, `${actor.name} never came to the instant ${phase} ${step}`)
    await actor.kill()
    held.drop()
  }

  test('[ATK-08] [DRV-04] seller, buyer and oracle are killed in the middle of their trades and come back: each is delivered once, paid once and known to all', async () => {
    const { client, deployment, minted, databaseUrl, books, shelves } = market
    const [oracle, seller, buyer] = [market.oracles[0], market.sellers[0], market.buyers[0]]
    if (oracle === undefined || seller === undefined || buyer === undefined) assert.fail()

    // The buyer dies with a payment that it does not know to be on the way, ...
    const isPaying = dies(buyer, 'after', 'POST relay fund')
    const isAtWork = dies(seller, 'before', 'works')
    await buyer.up()
    await isPaying
    await buyer.up()
    // ... the seller in the middle of its work, ...
    await isAtWork
    // ... and the oracle with what the seller has handed in, before and after that is on chain.
    const isHandedIn = dies(oracle, 'after', 'event completion_received')
    await seller.up()
    await isHandedIn
    const isSent = dies(oracle, 'after', 'sends complete')
    await oracle.up()
    await isSent
    await oracle.up()
    assert.ok(await buyer.drain(120_000), 'a trade is stuck')

    // The oracle writes its last receipt when the chain is sure of the last end.
    const end = performance.now() + 30_000
    const look = async () =>
      await audit({
        ledger: await readLedger(client, deployment),
        buyers: books,
        sellers: shelves,
        databaseUrl,
        prospectOf: () => ({ mayLapse: false, endings: ['Released'] }),
      })
    while (performance.now() < end && (await look()).faults.length > 0) await setTimeout(500)
    const { trades, settled, stuck, paidTwice, lost, faults } = await look()
    assert.deepEqual([...faults, ...crashes], [])
    assert.deepEqual(
      { trades, settled, stuck, paidTwice, lost },
      { trades: TRADES, settled: TRADES, stuck: 0, paidTwice: 0, lost: 0 },
    )
    const ledger = await readLedger(client, deployment)
    const balances = await checkBalances(client, { deployment, ledger, minted })
    assert.deepEqual(balances, { mismatchedBaseUnits: 0n, faults: [] })
  })
})
