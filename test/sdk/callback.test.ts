import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readSettings } from '../../oracle/src/settings.ts'
import { escrowIdOfPact, hashPact, type OracleEvent } from '../../sdk/src/protocol/index.ts'
import { listen } from '../../sdk/src/trust/listen.ts'
import { createOracleClient } from '../../sdk/src/trust/oracle.ts'
import { neededSettings } from '../oracle/support/neededSettings.ts'
import {
  agree,
  createWorld,
  fund,
  type Ground,
  pactOf,
  register,
  startGround,
  type World,
} from '../oracle/support/world.ts'
import {
  buyerParty,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
} from './support/market.ts'

/** Milliseconds between two looks of an oracle at the chain, unless its operator says otherwise. */
function defaultPollMs(): number {
  const { EARNEST_POLL_MS } = readSettings(neededSettings)
  return EARNEST_POLL_MS
}

describe('the word that work can begin', () => {
  let ground: Ground
  let world: World
  /** Nothing goes through while the line is down, and what was open breaks. */
  let line: { isDown: boolean; open: Set<AbortController> }

  before(async () => {
    ground = await startGround()
    world = await createWorld(ground)
    await register(world, world.buyer)
    await register(world, world.seller)
  })
  after(async () => {
    await world.close()
    await ground.close()
  })

  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    if (line.isDown) throw new TypeError('fetch failed')
    const cut = new AbortController()
    line.open.add(cut)
    const signal = AbortSignal.any([cut.signal, ...(init?.signal ? [init.signal] : [])])
    return await world.app.fetch(new Request(input, { ...init, signal }))
  }) as typeof globalThis.fetch

  /** Hears what concerns the seller, from now on. */
  function hear(after: number) {
    line = { isDown: false, open: new Set() }
    const { identity } = world.seller
    const { signer, clock } = world.oracle
    const oracle = createOracleClient({
      url: 'http://oracle.test',
      did: signer.did,
      identity,
      clock,
      fetch,
    })
    const ending = new AbortController()
    const query = { agent: identity.did }
    const events = listen(oracle, { query, after, signal: ending.signal })
    return {
      async next(type: string): Promise<OracleEvent> {
        for (;;) {
          const { value } = await events.next()
          assert.ok(value)
          if (value.type === type) return value
        }
      },
      stop: () => ending.abort(),
    }
  }

  const isFinal = async (escrowId: string) => {
    const response = await world.app.request(`/api/v1/escrows/${escrowId}`)
    return response.status === 200 && ((await response.json()) as { final: boolean }).final
  }

  test('[ESC-07] comes signed with the first look after the confirming block, which is within two seconds, and not before it', async () => {
    const pact = pactOf(world)
    const ear = hear(0)
    await agree(world, pact)
    await ear.next('pact_registered')
    const txHash = await fund(world, pact)
    const funded = ear.next('funded')
    await ground.client.waitForTransactionReceipt({ hash: txHash })
    await ground.client.mine({ blocks: 1 })
    const told = () =>
      world.oracle.db
        .selectFrom('event')
        .select('id')
        .where('type', '=', 'funded')
        .where('escrow_id', '=', escrowIdOfPact({ pact }))
        .execute()
    // However often it looks, nothing is said of a funding that may be undone.
    await world.settle()
    assert.deepEqual(await told(), [])

    await ground.client.mine({ blocks: 1 })
    // A look may have begun just before the block came; the next one tells, within the two seconds allowed.
    assert.ok(2 * defaultPollMs() <= 2000)
    await world.step()
    assert.equal((await told()).length, 1)
    const event = await funded
    // That the oracle signed it is what `listen` checks of every event.
    assert.deepEqual(
      [event.pactId, event.escrowId, event.data.txHash],
      [hashPact(pact), escrowIdOfPact({ pact }), txHash],
    )
    ear.stop()
  })

  test('[ESC-07] is heard after the line broke, once; and whoever only asks learns it too', async () => {
    const pact = pactOf(world)
    const ear = hear(0)
    await agree(world, pact)
    for (let seen = ''; seen !== hashPact(pact); ) {
      seen = (await ear.next('pact_registered')).pactId ?? ''
    }
    const pending = ear.next('funded')
    line.isDown = true
    for (const cut of line.open) cut.abort()

    const txHash = await fund(world, pact)
    await ground.client.waitForTransactionReceipt({ hash: txHash })
    await ground.client.mine({ blocks: 2 })
    const escrowId = escrowIdOfPact({ pact })
    await world.settle()
    assert.ok(await isFinal(escrowId))

    line.isDown = false
    const event = await pending
    assert.equal(event.escrowId, escrowId)
    // Another that follows is of another trade: nothing was said twice.
    const next = pactOf(world)
    await agree(world, next)
    const after = await ear.next('pact_registered')
    assert.equal(after.pactId, hashPact(next))
    const all = hear(event.id - 1)
    assert.equal((await all.next('funded')).id, event.id)
    ear.stop()
    all.stop()
  })
})

describe('a seller that hears nothing', () => {
  let market: Market
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 10_000_000n)
  })
  after(() => market.close())

  test('[ESC-07] looks at the chain itself, begins, and is paid', async () => {
    const deaf = (async (input: string | URL | Request, init?: RequestInit) => {
      const { pathname } = new URL(new Request(input, init).url)
      if (pathname.endsWith('/events')) throw new TypeError('fetch failed')
      return await market.fetch(input, init)
    }) as typeof globalThis.fetch
    const seller = await openSeller(market, { oracle: market.oracleFor(undefined, deaf, true) })
    await seller.register()
    await seller.start()
    // The buyer's own word to begin is lost as well: after its offer the seller's address is gone.
    const buyer = openBuyer(market, {
      timeoutMs: 60_000,
      onProgress: ({ step }) => {
        if (step === 'funded') market.hosts.delete('seller.test')
      },
    })
    const { settlementStatus, deliverable } = await buyer.hire(SELLER_URL, {
      task: taskOf(market),
      paymentUsdc: 2_000_000n,
    })
    assert.equal(settlementStatus, 'released')
    assert.ok(deliverable)
    await seller.stop()
  })
})
