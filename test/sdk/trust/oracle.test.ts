import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { encode } from '../../../sdk/src/protocol/decode.ts'
import { isEarnestError } from '../../../sdk/src/protocol/error.ts'
import { type EventBody, eventBodySchema } from '../../../sdk/src/protocol/event.ts'
import { hashBytes } from '../../../sdk/src/protocol/hash.ts'
import { createIdentity } from '../../../sdk/src/protocol/identity.ts'
import { verifyRequest } from '../../../sdk/src/protocol/request.ts'
import { listen } from '../../../sdk/src/trust/listen.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'

const now = 1_790_000_000
const clock = createManualClock(now)
const oracleKey = createIdentity({ secretKey: new Uint8Array(32).fill(3) })
const identity = createIdentity({ secretKey: new Uint8Array(32).fill(4) })
const url = 'http://oracle.test'

function clientOf(answer: (request: Request) => Response | Promise<Response>, attempts = 1) {
  const requests: Request[] = []
  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    requests.push(request.clone() as Request)
    return await answer(request)
  }) as typeof globalThis.fetch
  const client = createOracleClient({ url, did: oracleKey.did, clock, identity, fetch, attempts })
  return { client, requests }
}

const problem = (status: number, code: string) =>
  Response.json({ type: 'about:blank', title: code, status, code, detail: code }, { status })

const heartbeat = { params: { did: identity.did }, body: { at: now, escrowIds: [] } }
const received = () => Response.json({ receivedAt: '2026-09-21T13:33:20Z' }, { status: 202 })

describe('createOracleClient', () => {
  test('a write carries a signature over method, path, body and audience that the oracle can check', async () => {
    const { client, requests } = clientOf(received)
    await client.call('sendHeartbeat', heartbeat)
    const [request] = requests
    assert.ok(request)
    const { pathname } = new URL(request.url)
    const body = new Uint8Array(await request.arrayBuffer())
    const question = {
      header: (name: string) => request.headers.get(name),
      method: 'POST',
      path: pathname,
      audience: oracleKey.did,
      bodySha256: hashBytes(body),
      now,
    }
    assert.equal(verifyRequest(question).signer, identity.did)
    assert.throws(() => verifyRequest({ ...question, audience: identity.did }), {
      code: 'invalid_request_signature',
    })
    assert.ok(request.headers.get('idempotency-key'))
  })

  test('behavior: a retry repeats the idempotency key and signs anew', async () => {
    let count = 0
    const { client, requests } = clientOf(() => {
      count++
      if (count === 1) return problem(503, 'chain_unreachable')
      if (count === 2) throw new TypeError('fetch failed')
      return received()
    }, 3)
    await client.call('sendHeartbeat', heartbeat)
    assert.equal(count, 3)
    const keys = new Set(requests.map(({ headers }) => headers.get('idempotency-key')))
    const nonces = new Set(requests.map(({ headers }) => headers.get('earnest-nonce')))
    assert.equal(keys.size, 1)
    assert.equal(nonces.size, requests.length)
  })

  test('behavior: who is told when to come back comes back then, and who has to wait long is told so', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const limited = (retryAfter: number) =>
      Response.json(
        {
          type: 'about:blank',
          title: 'rate_limited',
          status: 429,
          code: 'rate_limited',
          detail: 'Too many requests',
          retryable: true,
          details: { retryAfter },
        },
        { status: 429, headers: { 'retry-after': String(retryAfter) } },
      )
    let isOver = false
    const busy = clientOf(() => (busy.requests.length === 1 ? limited(2) : received()), 3)
    const call = busy.client.call('sendHeartbeat', heartbeat).then(() => {
      isOver = true
    })
    const settle = async () => {
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    await settle()
    context.mock.timers.tick(1_999)
    await settle()
    assert.deepEqual([busy.requests.length, isOver], [1, false])
    context.mock.timers.tick(1)
    await call
    assert.equal(busy.requests.length, 2)

    const spent = clientOf(() => limited(3600), 3)
    await assert.rejects(spent.client.call('sendHeartbeat', heartbeat), (error) => {
      assert.ok(isEarnestError(error, 'rate_limited'))
      assert.equal(error.details.retryAfter, 3600)
      return true
    })
    assert.equal(spent.requests.length, 1)
  })

  test('behavior: what a newer oracle says beside what this client knows is dropped', async () => {
    const receivedAt = '2026-09-21T13:33:20Z'
    const { client } = clientOf(() => Response.json({ receivedAt, more: { of: ['it'] } }))
    assert.deepEqual(await client.call('sendHeartbeat', heartbeat), {
      receivedAt: Date.parse(receivedAt) / 1000,
    })
  })

  test('error: every way in which an oracle fails has a stable code', async () => {
    const cases: [() => Response | Promise<Response>, string, boolean][] = [
      [() => problem(404, 'unknown_agent'), 'unknown_agent', false],
      [() => new Response('<html>', { status: 502 }), 'oracle_unreachable', true],
      [() => new Response('no', { status: 400 }), 'invalid_oracle_answer', false],
      [() => new Response('{', { status: 200 }), 'invalid_oracle_answer', false],
      [() => Response.json({ receivedAt: 'soon' }), 'invalid_oracle_answer', false],
      [() => new Response('x'.repeat(9 * 1024 * 1024)), 'body_too_large', false],
      [
        () => {
          throw new TypeError('fetch failed')
        },
        'oracle_unreachable',
        true,
      ],
    ]
    for (const [answer, code, retryable] of cases) {
      const { client } = clientOf(answer)
      await assert.rejects(client.call('sendHeartbeat', heartbeat), { code, retryable })
    }
  })

  test('error: a write without an identity, and a URL on another host, are refused before any request', async () => {
    let count = 0
    const fetch = (async () => {
      count++
      return new Response()
    }) as unknown as typeof globalThis.fetch
    const client = createOracleClient({ url, did: oracleKey.did, clock, fetch })
    await assert.rejects(client.call('sendHeartbeat', heartbeat), { code: 'identity_missing' })
    await assert.rejects(async () => client.open('http://169.254.169.254/latest'), {
      code: 'foreign_url',
    })
    assert.equal(count, 0)
  })
})

describe('listen', () => {
  const body = (id: number): EventBody => ({
    id,
    type: 'funded',
    at: now,
    oracle: oracleKey.did,
    agents: [identity.did],
    pactId: 'a'.repeat(64),
    escrowId: `0x${'b'.repeat(64)}`,
    data: {},
  })
  const frame = (id: number, by = oracleKey) => {
    const wire = encode(eventBodySchema, body(id), 'invalid_event')
    const event = { ...wire, signature: by.sign({ type: 'event', body: wire }) }
    return `id: ${id}\nevent: funded\ndata: ${JSON.stringify(event)}\n\n`
  }
  const streamOf = (...frames: string[]) =>
    new Response(frames.join(''), { headers: { 'content-type': 'text/event-stream' } })

  test('behavior: resumes after the last event and gives each once, across reconnects', async () => {
    const { client, requests } = clientOf((request) => {
      const last = Number(request.headers.get('last-event-id'))
      return last === 0 ? streamOf(': hello\n\n', frame(1), frame(2)) : streamOf(frame(2), frame(3))
    })
    const stop = new AbortController()
    const seen: number[] = []
    for await (const { id } of listen(client, { signal: stop.signal })) {
      seen.push(id)
      if (id === 3) stop.abort()
    }
    assert.deepEqual(seen, [1, 2, 3])
    assert.equal(requests[1]?.headers.get('last-event-id'), '2')
  })

  test('behavior: what only a newer oracle tells is skipped, and what comes after it is heard', async () => {
    const newer = frame(1).replaceAll('funded', 'tipped')
    const { client } = clientOf(() => streamOf(newer, frame(2)))
    const { value } = await listen(client).next()
    assert.equal(value?.id, 2)
  })

  test('error: an event that the oracle did not sign ends the stream', async () => {
    for (const forged of [
      frame(1, identity),
      'data: {"type":"funded"}\n\n',
      'data: not json\n\n',
      `data: ${'x'.repeat(300_000)}`,
    ]) {
      const { client } = clientOf(() => streamOf(forged))
      await assert.rejects(listen(client).next(), { code: 'invalid_event' })
    }
  })
})
