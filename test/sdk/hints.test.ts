import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pactEscrowAbi } from '@earnest/contracts'
import { createWalletClient, custom, encodeFunctionResult, numberToHex } from 'viem'
import { doze } from '../../sdk/src/doze.ts'
import { type EscrowClient, escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { type FollowOptions, follow } from '../../sdk/src/follow.ts'
import { createHints, type Follower } from '../../sdk/src/hints.ts'
import { createIdentity } from '../../sdk/src/protocol/identity.ts'
import { decodePact } from '../../sdk/src/protocol/pact.ts'
import { ESCROW_STATES, type EscrowState } from '../../sdk/src/protocol/status.ts'
import { formatUtc } from '../../sdk/src/protocol/time.ts'
import { createOracleClient } from '../../sdk/src/trust/oracle.ts'
import { samplePactWire } from '../support/pact.ts'

const signer = createIdentity({ secretKey: new Uint8Array(32).fill(5) })
const agent = createIdentity({ secretKey: new Uint8Array(32).fill(6) }).did
const [one, two] = [`0x${'11'.repeat(32)}`, `0x${'22'.repeat(32)}`] as const
/** Longer than this test may take: who waits so long was not woken. */
const LONG = 60_000

/** An oracle's stream of events, and who asked for it how. */
function stream() {
  const asked: { url: string; headers: Headers }[] = []
  const listeners = new Set<ReadableStreamDefaultController<Uint8Array>>()
  let id = 0
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    asked.push({ url: String(input), headers: new Headers(init?.headers) })
    let mine: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller
        listeners.add(controller)
      },
    })
    // As fetch does: the request's signal breaks off the body.
    init?.signal?.addEventListener('abort', () => {
      if (mine && listeners.delete(mine)) mine.error(init.signal?.reason)
    })
    return new Response(body)
  }
  const oracle = createOracleClient({
    url: 'http://oracle.test',
    did: signer.did,
    clock: { now: () => 0 },
    fetch: fetch as typeof globalThis.fetch,
  })
  const tell = (escrowId: string, { by = signer } = {}) => {
    id += 1
    const body = {
      id,
      type: 'delivered' as const,
      at: formatUtc(1),
      oracle: signer.did,
      agents: [agent],
      pactId: null,
      escrowId,
      data: {},
    }
    const event = { ...body, signature: by.sign({ type: 'event', body }) }
    const bytes = new TextEncoder().encode(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`)
    for (const listener of listeners) listener.enqueue(bytes)
  }
  return { hints: createHints({ oracle, agent }), asked, listeners, tell }
}

/** Until the condition holds; the test's own time limit ends it otherwise. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(5)
}

describe('hints', () => {
  test('an event of the escrow ends the wait, one of another does not', async () => {
    const { hints, listeners, tell } = stream()
    const [first, second] = [hints.follow(one), hints.follow(two)]
    await until(() => listeners.size === 1)
    let isOver = false
    const other = second.wait(300).then((waited) => {
      isOver = true
      return waited
    })
    const wait = first.wait(LONG)
    tell(one)
    assert.ok((await wait) < LONG)
    assert.equal(isOver, false)
    assert.equal(await other, 300)
    first.leave()
    second.leave()
  })

  test('what is said between two waits ends the next one, once', async () => {
    const { hints, listeners, tell } = stream()
    const follower = hints.follow(one)
    await until(() => listeners.size === 1)
    tell(one)
    tell(one)
    await setTimeout(50)
    assert.ok((await follower.wait(LONG)) < LONG)
    assert.equal(await follower.wait(20), 20)
    follower.leave()
  })

  test('one stream serves all who follow, from now on, and ends with the last of them', async () => {
    const { hints, asked, listeners } = stream()
    const followers = [hints.follow(one), hints.follow(one), hints.follow(two)]
    await until(() => listeners.size === 1)
    assert.equal(asked.length, 1)
    assert.match(asked[0]?.url ?? '', new RegExp(`agent=${encodeURIComponent(agent)}`))
    assert.equal(asked[0]?.headers.has('last-event-id'), false)
    for (const follower of followers) follower.leave()
    await until(() => listeners.size === 0)
    const again = hints.follow(one)
    await until(() => listeners.size === 1)
    assert.equal(asked.length, 2)
    again.leave()
  })

  test('[TOL-05] an event that the oracle did not sign wakes nobody; every wait then has its full length', async () => {
    const { hints, listeners, tell } = stream()
    const follower = hints.follow(one)
    await until(() => listeners.size === 1)
    tell(one, { by: createIdentity({ secretKey: new Uint8Array(32).fill(9) }) })
    assert.equal(await follower.wait(200), 200)
    follower.leave()
  })

  test('what nobody follows is not even verified: it ends no stream', async () => {
    const { hints, asked, listeners, tell } = stream()
    const follower = hints.follow(one)
    await until(() => listeners.size === 1)
    tell(two, { by: createIdentity({ secretKey: new Uint8Array(32).fill(9) }) })
    tell(one)
    assert.ok((await follower.wait(LONG)) < LONG)
    assert.equal(asked.length, 1)
    follower.leave()
  })

  test('an oracle that is away takes nothing from a wait', async () => {
    const oracle = createOracleClient({
      url: 'http://oracle.test',
      did: signer.did,
      clock: { now: () => 0 },
      fetch: async () => {
        throw new TypeError('away')
      },
    })
    const follower = createHints({ oracle, agent }).follow(one)
    assert.equal(await follower.wait(100), 100)
    follower.leave()
  })
})

describe('stream', () => {
  test('it has a number while it is open, and another one after it broke off', async () => {
    const { hints, listeners, tell } = stream()
    const follower = hints.follow(one)
    assert.equal(follower.stream(), 0)
    await until(() => follower.stream() !== 0)
    const before = follower.stream()
    tell(one)
    assert.ok((await follower.wait(LONG)) < LONG)
    assert.equal(follower.wasWoken(), true)
    assert.equal(await follower.wait(10), 10)
    assert.equal(follower.wasWoken(), false)
    for (const listener of listeners) listener.close()
    listeners.clear()
    await until(() => follower.stream() === 0)
    await until(() => follower.stream() !== 0)
    assert.notEqual(follower.stream(), before)
    follower.leave()
    await until(() => follower.stream() === 0)
  })

  test('one that is refused, and one that a stranger signed, is none', async () => {
    const { hints, listeners, tell } = stream()
    const follower = hints.follow(one)
    await until(() => follower.stream() !== 0)
    tell(one, { by: createIdentity({ secretKey: new Uint8Array(32).fill(9) }) })
    await until(() => follower.stream() === 0)
    assert.equal(listeners.size, 1)
    follower.leave()
  })
})

describe('doze', () => {
  /** A follower of whom `words` says which of its waits a word ends, and `streams` which stream is open. */
  function dozing({ words = [], streams = [] }: { words?: number[]; streams?: number[] }) {
    let waits = 0
    const follower: Follower = {
      async wait(milliseconds) {
        waits++
        return words.includes(waits) ? 50 : milliseconds
      },
      wasWoken: () => words.includes(waits),
      stream: () => streams[waits] ?? streams.at(-1) ?? 0,
      leave() {},
    }
    const doses = { stream: follower.stream(), interval: 1_000, left: 600_000 }
    return { waits: () => waits, doze: (more = {}) => doze(follower, { ...doses, ...more }) }
  }

  test('without a stream it is one interval', async () => {
    assert.equal(await dozing({}).doze(), 1_000)
  })

  test('while the oracle would tell it is several, never above ten seconds and the time that is left', async () => {
    assert.equal(await dozing({ streams: [1] }).doze(), 5_000)
    assert.equal(await dozing({ streams: [1] }).doze({ interval: 4_000 }), 8_000)
    assert.equal(await dozing({ streams: [1] }).doze({ interval: 60_000 }), 60_000)
    assert.equal(await dozing({ streams: [1] }).doze({ left: 2_500 }), 2_000)
    assert.equal(await dozing({ streams: [1] }).doze({ left: 10 }), 1_000)
  })

  test('a word ends it, and is not followed by another long one', async () => {
    const { doze, waits } = dozing({ streams: [1], words: [2] })
    assert.equal(await doze(), 1_050)
    assert.equal(await doze(), 1_000)
    assert.equal(waits(), 3)
    assert.equal(await doze(), 5_000)
  })

  test('a stream that broke off, or is another than at the last look, ends it', async () => {
    assert.equal(await dozing({ streams: [1, 1, 0] }).doze(), 2_000)
    assert.equal(await dozing({ streams: [1, 2] }).doze(), 1_000)
    assert.equal(await dozing({ streams: [2, 2] }).doze({ stream: 1 }), 1_000)
  })
})

describe('follow', () => {
  const pact = decodePact(samplePactWire)
  const escrow = escrowOfPact({ pact })
  const standing = (state: EscrowState) =>
    encodeFunctionResult({
      abi: pactEscrowAbi,
      functionName: 'escrowOf',
      result: {
        state: ESCROW_STATES.indexOf(state),
        timerEnd: 4_000_000_000,
        fundedAt: 1,
        seq: 2,
        round: state === 'Funded' ? 0 : 1,
        result: 0,
        noticed: false,
        buyerDisputed: false,
        sellerDisputed: false,
        bonded: false,
        proposed: false,
        proposedBps: 0,
        arbitrated: false,
      },
    })

  /** How often the chain is looked at in five intervals while a stream is open that tells nothing. */
  async function looksIn(state: EscrowState | undefined) {
    let looks = 0
    const wallet = createWalletClient({
      account: '0x00000000000000000000000000000000000b0b01',
      transport: custom(
        {
          async request({ method }: { method: string }) {
            if (method === 'eth_chainId') return numberToHex(escrow.chainId)
            if (method === 'eth_call') looks++
            if (method !== 'eth_call' || state === undefined) throw new Error('away')
            return standing(state)
          },
        },
        { retryCount: 0 },
      ),
    }) as unknown as EscrowClient
    const wait = async (milliseconds: number) => milliseconds
    const follower = { wait, wasWoken: () => false, stream: () => 1, leave() {} }
    const end = await follow({
      wallet,
      witnesses: [],
      pact,
      escrow,
      hints: { follow: () => follower },
      clock: { now: () => 1 },
      timeoutMs: 5_000,
      pollIntervalMs: 1_000,
      onProgress() {},
    } as unknown as FollowOptions)
    assert.equal(end.status, 'pending')
    return looks
  }

  for (const [name, state, looks] of [
    ['what happens the stream tells', 'Funded', 2],
    ['that the history of a delivery can be read again nobody tells', 'Delivered', 6],
    ['that the chain is there again nobody tells', undefined, 6],
  ] as const) {
    test(`${name}: ${looks} looks in five intervals`, async () => {
      assert.equal(await looksIn(state), looks)
    })
  }
})
