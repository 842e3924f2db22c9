import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { LocalAccount } from 'viem/accounts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { createFileStore } from '../../sdk/src/fileStore.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { Store } from '../../sdk/src/protocol/store.ts'
import type { Job } from '../../sdk/src/skill.ts'
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
  walletOf,
} from './support/market.ts'

/** Acts between two deaths: odd ones before the act, even ones after it. */
const STEP = 3

/** The process is gone: nothing after this is written and nothing is sent. */
class Killed extends Error {}

describe('restart', () => {
  let market: Market
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(() => market.close())

  const folder = () => mkdtemp(join(tmpdir(), 'earnest-store-'))
  const balance = () =>
    readBalance(market.ground.client, {
      token: market.ground.deployment.token,
      owner: buyerParty.wallet.address,
    })

  /** A store and a network that die together at the n-th act: before it, or just after it. */
  function mortal(store: Store, killAt: number) {
    let acts = 0
    let isDead = false
    let die = () => {}
    const died = new Promise<void>((resolve) => {
      die = resolve
    })
    const act = async <T>(work: () => Promise<T>): Promise<T> => {
      if (isDead) throw new Killed()
      acts++
      if (acts === killAt) {
        isDead = true
        // Every second death is one in which the act still took place but nobody heard of it.
        if (killAt % 2 === 0) await work().catch(() => {})
        die()
        throw new Killed()
      }
      return await work()
    }
    return {
      journal: {
        ...store,
        set: (key: string, value: unknown) => act(() => store.set(key, value)),
        swap: (key: string, expected: unknown, value: unknown) =>
          act(() => store.swap(key, expected, value)),
      },
      fetch: ((input: string | URL | Request, init?: RequestInit) =>
        act(() => market.fetch(input, init))) as typeof globalThis.fetch,
      /** A dead process sends no transaction; that its ghost may look at the chain helps nobody. */
      wallet: (account: LocalAccount) =>
        walletOf(market.ground.url, account, async (input, init) => {
          if (isDead && String(init?.body).includes('eth_send')) throw new Killed()
          return await fetch(input, init)
        }),
      isDead: () => isDead,
      died,
    }
  }

  test('[W-21] [DRV-17] a buyer that dies at any step goes on from its journal: one trade, one payment', async () => {
    const seller = await openSeller(market)
    await seller.start()
    let finished = false
    let deaths = 0
    for (let killAt = 1; !finished; killAt += STEP) {
      const store = createFileStore({ folder: await folder() })
      const { journal, fetch, wallet, isDead, died } = mortal(store, killAt)
      const paid = await balance()
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
      const oracle = market.oracleFor(buyerParty.identity, fetch)
      const first = openBuyer(market, {
        journal,
        fetch,
        oracles: [oracle],
        wallet: wallet(buyerParty.wallet),
      })
      const hire = first.hire(SELLER_URL, options).catch(() => undefined)
      const result = await Promise.race([hire, died])
      const second = openBuyer(market, { journal: store })
      const open = await second.open()
      if (!isDead()) {
        assert.equal(result?.settlementStatus, 'released')
        finished = true
      } else {
        deaths++
        assert.ok(open.length <= 1)
        for (const tradeId of open) {
          const resumed = await second.resume(tradeId)
          assert.equal(resumed.settlementStatus, 'released', `killed at act ${killAt}`)
          assert.ok(resumed.deliverable)
        }
      }
      const spent = paid - (await balance())
      assert.ok(spent === 0n || spent === parseUsdc('2'), `spent ${spent} at act ${killAt}`)
      assert.deepEqual(await second.open(), [])
    }
    assert.ok(deaths >= 5)
    await seller.stop()
  })

  async function forward(incoming: IncomingMessage): Promise<Response> {
    const { method = 'GET', url = '/', headers } = incoming
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const known = Object.entries(headers).filter(([, value]) => typeof value === 'string')
    return await market.fetch(`http://${headers['x-host']}${url}`, {
      method,
      headers: known as [string, string][],
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
  }

  test('two processes that hire under one id at once agree on one pact and fund it once', async () => {
    const seller = await openSeller(market, { store: createFileStore({ folder: await folder() }) })
    await seller.start()
    // The market's hosts have names; what another process asks comes in by one address.
    const gateway = createServer((incoming, outgoing) => {
      void forward(incoming).then(
        (answer) => {
          outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
          answer.body?.pipeTo(Writable.toWeb(outgoing)).catch(() => {}) ?? outgoing.end()
        },
        () => outgoing.writeHead(502).end(),
      )
    }).listen(0, '127.0.0.1')
    await once(gateway, 'listening')
    const { port } = gateway.address() as AddressInfo
    const place = await folder()
    const orders = {
      folder: place,
      chain: market.ground.url,
      gateway: `http://127.0.0.1:${port}`,
      oracleDid: market.world.oracle.signer.did,
      tradeId: crypto.randomUUID(),
      payment: String(parseUsdc('3')),
      task: taskOf(market),
    }
    const rivals = [1, 2].map(() => fork(new URL('support/rival.ts', import.meta.url)))
    try {
      const paid = await balance()
      await Promise.all(rivals.map((rival) => once(rival, 'message')))
      const said = rivals.map((rival) => once(rival, 'message'))
      for (const rival of rivals) rival.send(orders)
      const outcomes = (await Promise.all(said)).map(
        ([outcome]) => outcome as { escrowId?: string; code?: string },
      )
      assert.equal(paid - (await balance()), parseUsdc('3'), JSON.stringify(outcomes))
      const escrows = new Set(outcomes.flatMap(({ escrowId }) => escrowId ?? []))
      assert.equal(escrows.size, 1, JSON.stringify(outcomes))
      // Whoever was refused meanwhile goes on under the same id, and finds the same trade.
      const third = openBuyer(market, { journal: createFileStore({ folder: place }) })
      const { task, tradeId } = orders
      const again = await third.hire(SELLER_URL, { task, paymentUsdc: parseUsdc('3'), tradeId })
      assert.ok(escrows.has(again.escrowId))
      assert.equal(again.settlementStatus, 'released')
      assert.equal(paid - (await balance()), parseUsdc('3'))
    } finally {
      for (const rival of rivals) rival.kill()
      gateway.closeAllConnections()
      gateway.close()
      await seller.stop()
    }
  })

  test('[ATK-08] a seller that dies at any step of its work hands it in once after the restart', async () => {
    const runs: Job[] = []
    const counting = {
      ...greeter,
      run: (job: Job) => {
        runs.push(job)
        return greeter.run(job)
      },
    }
    let finished = false
    let delivered = 0
    for (let killAt = 1; !finished; killAt += STEP) {
      const store = createFileStore({ folder: await folder() })
      const upright = await openSeller(market, { store, skills: [counting] })
      const buyer = openBuyer(market, { timeoutMs: 60_000 })
      const { journal, fetch, wallet, isDead, died } = mortal(store, killAt)
      const doomed = await openSeller(market, {
        store: journal,
        skills: [counting],
        oracle: market.oracleFor(undefined, fetch, true),
        wallet: wallet(sellerParty.wallet),
        refundOnFailure: false,
      })
      const hire = buyer.hire(SELLER_URL, {
        task: taskOf(market),
        paymentUsdc: parseUsdc('1'),
      })
      const outcome = hire.then(
        ({ settlementStatus }) => settlementStatus,
        () => 'not agreed',
      )
      await Promise.race([outcome, died])
      await doomed.stop()
      finished = !isDead()
      // The same folder, a new process.
      market.hosts.set('seller.test', upright.fetch)
      await upright.start()
      const status = await outcome
      assert.ok(['released', 'not agreed'].includes(status), `${status} at act ${killAt}`)
      if (status === 'released') delivered++
      await upright.stop()
    }
    // Some died before they agreed, and others with the work in hand.
    assert.ok(delivered >= 2, `${delivered} delivered`)
    assert.ok(runs.length >= delivered)
  })

  test('the file store keeps the old value or the new one, never half of one', async () => {
    const where = await folder()
    const store = createFileStore({ folder: where })
    await store.set('trade/1', { a: 1n.toString() })
    await store.set('task/did:key:z6Mk/x y', [1])
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.set('hot', { index })))
    const again = createFileStore({ folder: where })
    assert.deepEqual(await again.get('trade/1'), { a: '1' })
    assert.deepEqual(await again.keys('task/'), ['task/did:key:z6Mk/x y'])
    assert.ok('index' in ((await again.get('hot')) as object))
    await again.delete('trade/1')
    await again.delete('trade/1')
    assert.equal(await store.get('trade/1'), undefined)
  })
})
