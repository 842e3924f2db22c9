import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pactEscrowAbi } from '@earnest/contracts'
import { termsFromPact } from '@earnest/sdk/protocol'
import { type Hex, type PublicClient, parseEventLogs } from 'viem'
import type { Call, Chain } from '../../../oracle/src/escrow/chain.ts'
import { readEscrow } from '../../../oracle/src/escrow/fold.ts'
import { submit } from '../../../oracle/src/escrow/submit.ts'
import { createSubmitter, type Submitter } from '../../../oracle/src/escrow/submitter.ts'
import { pack, unpack } from '../../../oracle/src/store/json.ts'
import { fundGas, localAccount } from '../../../scripts/local/chain.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { complete, funded, type Trade } from '../support/trade.ts'
import {
  agree,
  call,
  completionOf,
  createWorld,
  fundingOf,
  type Ground,
  pactOf,
  register,
  startGround,
  type World,
} from '../support/world.ts'

/** Three keys of one oracle; the first is its own. */
const senders = [3, 10, 11].map(localAccount)

describe('several keys that send', () => {
  let ground: Ground
  let world: World
  before(async () => {
    ground = await startGround()
    world = await createWorld(ground)
    await register(world, world.buyer)
    await register(world, world.seller)
    const { token } = ground.deployment
    const to = world.buyer.wallet.address
    await mintUsdc(ground.client, { token, to, amount: 10_000_000_000n })
  })
  after(async () => {
    await world?.close()
    await ground?.close()
  })

  /** A process with these keys over the one store; what it sends may be changed on the way. */
  function process({
    keys = senders,
    onSend = (send) => send(),
    onSimulate = async () => {},
    onCount = async () => {},
  }: {
    keys?: typeof senders
    onSend?: (send: () => Promise<Hex>) => Promise<Hex>
    onSimulate?: () => Promise<void>
    onCount?: () => Promise<void>
  } = {}): Submitter {
    const { db, clock, chain } = world.oracle
    const [sender = assert.fail(), ...others] = keys
    const client = new Proxy(chain.client, {
      get(target, name) {
        if (name === 'estimateGas') {
          return async (call: Parameters<PublicClient['estimateGas']>[0]) => {
            await onSimulate()
            return await target.estimateGas(call)
          }
        }
        if (name === 'getTransactionCount') {
          return async (of: Parameters<PublicClient['getTransactionCount']>[0]) => {
            await onCount()
            return await target.getTransactionCount(of)
          }
        }
        if (name !== 'sendRawTransaction') return Reflect.get(target, name)
        return (raw: Parameters<PublicClient['sendRawTransaction']>[0]) =>
          onSend(() => target.sendRawTransaction(raw))
      },
    })
    const own: Chain = { ...chain, client, sender, senders: others }
    return createSubmitter({ db, chain: own, clock })
  }

  /** Writes down fundings to be sent, and gives their keys. */
  async function fundings(count: number): Promise<string[]> {
    const { db, clock } = world.oracle
    const keys: string[] = []
    for (let n = 0; n < count; n++) {
      const pact = pactOf(world)
      const escrowId = await agree(world, pact)
      const call = { functionName: 'fund', args: [], data: await fundingOf(world, pact) }
      await submit(db, { key: `fund/${escrowId}`, escrowId, call, at: clock.now() })
      keys.push(`fund/${escrowId}`)
    }
    return keys
  }

  async function toTheEnd(submitter: Submitter, key: string): Promise<string> {
    for (let step = 0; step < 60; step++) {
      const { status, again } = await submitter.advance(key)
      if (again === undefined) return status
    }
    return 'never'
  }

  const rowsOf = async (keys: readonly string[]) =>
    await world.oracle.db
      .selectFrom('submission')
      .select(['key', 'status', 'sender', 'nonce', 'hashes', 'tx_hash'])
      .where('key', 'in', [...keys])
      .execute()

  /** Each is mined once, each key has used every nonce from its first to its last, and none twice. */
  async function checkLanes(keys: readonly string[]): Promise<Map<string, number[]>> {
    const rows = await rowsOf(keys)
    assert.deepEqual(new Set(rows.map(({ status }) => status)), new Set(['mined']))
    const lanes = new Map<string, number[]>()
    for (const { sender, nonce } of rows) {
      if (sender === null || nonce === null) assert.fail('no sender')
      lanes.set(
        sender,
        [...(lanes.get(sender) ?? []), nonce].sort((a, b) => a - b),
      )
    }
    for (const [sender, nonces] of lanes) {
      const first = nonces[0] ?? 0
      assert.deepEqual(
        nonces,
        nonces.map((_, index) => first + index),
        sender,
      )
      const address = sender as Hex
      assert.equal(
        await ground.client.getTransactionCount({ address }),
        first + nonces.length,
        'as many on chain',
      )
    }
    return lanes
  }

  test('what is due at once is spread over the keys, each with nonces of its own', async () => {
    const keys = await fundings(9)
    const submitter = process()
    const ends = await Promise.all(keys.map((key) => toTheEnd(submitter, key)))
    assert.deepEqual(new Set(ends), new Set(['mined']))
    const lanes = await checkLanes(keys)
    assert.deepEqual(new Set(lanes.keys()), new Set(senders.map(({ address }) => address)))
  })

  test('two processes with the same keys never give a nonce twice, and send each call once', async () => {
    const keys = await fundings(9)
    const [one, two] = [process(), process()]
    const both = keys.flatMap((key) => [toTheEnd(one, key), toTheEnd(two, key)])
    assert.deepEqual(new Set(await Promise.all(both)), new Set(['mined']))
    await checkLanes(keys)
  })

  test('what the chain refuses because another process has sent it stays what it is: mined', async () => {
    const keys = await fundings(2)
    const fast = process()
    const slow = process({
      // By the time that this one asks, the other's transaction is in a block.
      onSimulate: async () => {
        for (const key of keys) assert.equal(await toTheEnd(fast, key), 'mined')
      },
    })
    const before = async () => (await rowsOf(keys)).map(({ hashes, status }) => [hashes, status])
    for (const key of keys) assert.equal((await slow.advance(key)).status, 'mined')
    assert.ok(
      (await before()).every(([hashes, status]) => hashes?.length === 1 && status === 'mined'),
    )
    await checkLanes(keys)
  })

  test('killed after signing and before sending: another process sends the same bytes', async () => {
    const keys = await fundings(4)
    // It signs, stores, and is gone.
    const dead = process({ onSend: () => new Promise(() => {}) })
    for (const key of keys) void dead.advance(key)
    let signed = await rowsOf(keys)
    while (signed.some(({ status }) => status !== 'signed')) {
      // One key sends one after the other, so a dead process holds the rest back: they are still queued.
      if (signed.filter(({ status }) => status === 'signed').length === senders.length) break
      await setTimeout(10)
      signed = await rowsOf(keys)
    }
    const bytes = new Map(signed.map(({ key, hashes }) => [key, hashes]))
    const heir = process()
    for (const key of keys) assert.equal(await toTheEnd(heir, key), 'mined')
    for (const { key, hashes } of await rowsOf(keys)) {
      const before = bytes.get(key) ?? []
      if (before.length > 0) assert.deepEqual(hashes, before, 'signed anew')
    }
    await checkLanes(keys)
  })

  test('a key that is gone from the settings leaves what it signed to be sent, and signs nothing more', async () => {
    const keys = await fundings(3)
    const dead = process({ onSend: () => new Promise(() => {}) })
    for (const key of keys) void dead.advance(key)
    while ((await rowsOf(keys)).some(({ status }) => status !== 'signed')) {
      await setTimeout(10)
    }
    const before = await rowsOf(keys)
    assert.deepEqual(new Set(before.map(({ sender }) => sender)).size, 3)
    const left = senders.slice(0, 1)
    const heir = process({ keys: left })
    for (const key of keys) assert.equal(await toTheEnd(heir, key), 'mined')
    const rows = await rowsOf(keys)
    assert.deepEqual(
      rows.map(({ key, hashes }) => [key, hashes]).sort(),
      before.map(({ key, hashes }) => [key, hashes]).sort(),
    )
    const [next = ''] = await fundings(1)
    assert.equal(await toTheEnd(heir, next), 'mined')
    assert.equal((await rowsOf([next]))[0]?.sender, left[0]?.address)
  })

  test('what stays unmined is sent again for more under the same nonce, and one of the two is mined', async () => {
    const [key = ''] = await fundings(1)
    let lost = 0
    const submitter = process({
      onSend: async (send) => {
        // The node loses the first bytes for as long as nobody pays more.
        if ((await rowsOf([key]))[0]?.hashes.length === 1) {
          lost++
          return '0x'
        }
        return await send()
      },
    })
    assert.equal(await toTheEnd(submitter, key), 'mined')
    assert.ok(lost > 1)
    const [row] = await rowsOf([key])
    assert.equal(row?.hashes.length, 2)
    assert.equal(row?.tx_hash, row?.hashes[1])
  })

  test('the lower price that is mined after one looked for it is found and not signed anew', async () => {
    const [key = ''] = await fundings(1)
    let first: (() => Promise<Hex>) | undefined
    let isFound = false
    const submitter = process({
      onSend: async (send) => {
        first ??= send
        return '0x'
      },
      // Both receipts were asked for: now the node finds the bytes that it had lost.
      onCount: async () => {
        if ((await rowsOf([key]))[0]?.hashes.length !== 2) return
        if (isFound) return
        isFound = true
        const hash = (await first?.()) ?? assert.fail('nothing was sent')
        await ground.client.waitForTransactionReceipt({ hash })
      },
    })
    assert.equal(await toTheEnd(submitter, key), 'mined')
    const [row] = await rowsOf([key])
    assert.equal(row?.tx_hash, row?.hashes[0])
  })

  test('a nonce that another wallet took with the same key is not waited for', async () => {
    const [first = '', second = ''] = await fundings(2)
    const [own = assert.fail()] = senders
    const submitter = process({ keys: [own] })
    assert.equal(await toTheEnd(submitter, first), 'mined')
    // The operator sends something by hand.
    const { client } = ground
    const hash = await client.sendTransaction({
      account: own,
      to: own.address,
      chain: client.chain,
    })
    await client.waitForTransactionReceipt({ hash })
    assert.equal(await toTheEnd(submitter, second), 'mined')
  })

  /** Work of so many trades, handed in and passed; gives the trades with the keys of what completes them. */
  async function passed(count: number): Promise<(Trade & { key: string })[]> {
    const trades: Trade[] = []
    for (let n = 0; n < count; n++) trades.push(await funded(world))
    const found: (Trade & { key: string })[] = []
    for (const trade of trades) {
      const body = await completionOf(world, trade.pact, { files: { 'result.json': complete } })
      await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
      const { key } = await world.oracle.db
        .selectFrom('submission')
        .select('key')
        .where('escrow_id', '=', trade.id)
        .where('status', '=', 'queued')
        .executeTakeFirstOrThrow()
      found.push({ ...trade, key })
    }
    return found
  }

  /** What the index says of trades: state and result. */
  async function standing(trades: readonly Trade[]): Promise<unknown[]> {
    await world.settle()
    const states = await Promise.all(trades.map(({ id }) => readEscrow(world.oracle.db, id)))
    return states.map((state) => [state?.state, state?.result])
  }
  const DONE = ['Delivered', 'PASS']

  /** The buyer pays without waiting for the oracle. */
  async function release({ pact }: Trade): Promise<void> {
    const { client, deployment } = ground
    await fundGas(client, world.buyer.wallet.address)
    const hash = await client.writeContract({
      abi: pactEscrowAbi,
      address: deployment.escrow,
      functionName: 'release',
      args: [termsFromPact({ pact }), '0x'],
      account: world.buyer.wallet,
      chain: client.chain,
    })
    await client.waitForTransactionReceipt({ hash })
    await world.oracle.follow()
  }

  test('completions that are due together go in one transaction, and each is on record with it', async () => {
    const trades = await passed(3)
    const keys = trades.map(({ key }) => key)
    // Two processes at once, with one word for all: one of them signs, once.
    const [one, two] = [process(), process()]
    await Promise.all([one.gather(keys), two.gather(keys)])
    const ends = keys.flatMap((key) => [toTheEnd(one, key), toTheEnd(two, key)])
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['mined']))
    const rows = await rowsOf(keys)
    assert.equal(new Set(rows.map(({ tx_hash }) => tx_hash)).size, 1)
    assert.equal(new Set(rows.map(({ sender, nonce }) => `${sender}/${nonce}`)).size, 1)
    const { logs } = await ground.client.getTransactionReceipt({ hash: rows[0]?.tx_hash as Hex })
    const attested = parseEventLogs({ abi: pactEscrowAbi, eventName: 'Attested', logs })
    assert.deepEqual(attested.map(({ args }) => args.id).sort(), trades.map(({ id }) => id).sort())
    assert.deepEqual(await standing(trades), [DONE, DONE, DONE])
  })

  test('one of them that the chain does not take keeps none of the others back', async () => {
    const trades = await passed(3)
    const [first = assert.fail(), ...others] = trades
    const keys = trades.map(({ key }) => key)
    await release(first)
    const submitter = process()
    await submitter.gather(keys)
    assert.ok((await rowsOf(keys)).every(({ status }) => status === 'queued'))
    const ends = await Promise.all(keys.map((key) => toTheEnd(submitter, key)))
    assert.deepEqual(ends, ['failed', 'mined', 'mined'])
    assert.deepEqual(await standing(others), [DONE, DONE])
  })

  test('together they are reverted by one whose buyer was faster, and then each goes alone', async () => {
    const trades = await passed(3)
    const [first = assert.fail(), ...others] = trades
    const keys = trades.map(({ key }) => key)
    let isFirst = true
    const submitter = process({
      onSend: async (send) => {
        if (isFirst) await release(first)
        isFirst = false
        return await send()
      },
    })
    await submitter.gather(keys)
    const ends: string[] = []
    for (const key of keys) ends.push(await toTheEnd(submitter, key))
    assert.deepEqual(ends, ['reverted', 'mined', 'mined'])
    const hashes = (await rowsOf(keys)).map(({ tx_hash }) => tx_hash)
    assert.equal(new Set(hashes).size, 3)
    assert.deepEqual(await standing(others), [DONE, DONE])
  })

  test('killed after signing them together and before sending: another process sends the same bytes', async () => {
    const trades = await passed(2)
    const keys = trades.map(({ key }) => key)
    const dead = process({ onSend: () => new Promise(() => {}) })
    void dead.gather(keys)
    while ((await rowsOf(keys)).some(({ status }) => status !== 'signed')) await setTimeout(10)
    const before = await rowsOf(keys)
    const heir = process()
    for (const key of keys) assert.equal(await toTheEnd(heir, key), 'mined')
    const hashesOf = (rows: typeof before) => rows.map(({ key, hashes }) => [key, hashes]).sort()
    assert.deepEqual(hashesOf(await rowsOf(keys)), hashesOf(before))
    assert.deepEqual(await standing(trades), [DONE, DONE])
  })

  test('what may fail for more than its signatures goes alone: a bond, a smart wallet', async () => {
    const { db } = world.oracle
    const trades = await passed(2)
    const keys = trades.map(({ key }) => key)
    const rows = await db
      .selectFrom('submission')
      .select(['key', 'request'])
      .where('key', 'in', keys)
      .execute()
    type Own = { sellerAuthorization: Hex }
    /** Each as it was handed in, but for this. */
    const change = async (how: (own: Own) => object) => {
      for (const { key, request } of rows) {
        const call = unpack<Call>(request)
        const own = call.args[1] as Own
        const changed = {
          request: pack({ ...call, args: [call.args[0], { ...own, ...how(own) }] }),
        }
        await db.updateTable('submission').set(changed).where('key', '=', key).execute()
      }
    }
    let simulated = 0
    const submitter = process({
      onSimulate: async () => {
        simulated++
      },
    })
    await change(() => ({ reserve: true }))
    await submitter.gather(keys)
    // A smart wallet takes a signature of any length, one of 65 bytes too, and its own key's in another form.
    const flip = (own: Hex) => `${own.slice(0, -2)}${own.endsWith('1b') ? '00' : '01'}`
    for (const other of [() => `0x${'11'.repeat(200)}`, () => `0x${'11'.repeat(70)}1b`, flip]) {
      await change((own) => ({ sellerAuthorization: other(own.sellerAuthorization) }))
      await submitter.gather(keys)
      assert.equal(simulated, 0)
    }
    await change(() => ({}))
    await submitter.gather(keys.slice(0, 1))
    assert.equal(simulated, 0)
    for (const { key, request } of rows) {
      await db.updateTable('submission').set({ request }).where('key', '=', key).execute()
    }
    assert.deepEqual(await standing(trades), [DONE, DONE])
  })
})
