import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signRequest } from '@earnest/sdk/protocol'
import { createClientOf } from '../../../oracle/src/http/client.ts'
import { createSlots } from '../../../oracle/src/http/slots.ts'
import { createEnvelope } from '../../../oracle/src/store/envelope.ts'
import { createDesk, problemOf, register } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

const caps = { total: 100, each: 2 }

before(async () => {
  desk = await createDesk({
    app: {
      atOnce: { bytes: { total: 200_000, each: 100_000 }, uploads: caps, streams: caps },
    },
  })
  await register(desk, desk.buyer)
})
after(() => desk?.close())

/** A body of `count` parts that counts how many of them were asked for. */
function counted(count: number, size = 1024) {
  let taken = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken >= count) return controller.close()
        taken += 1
        controller.enqueue(new Uint8Array(size).fill(32))
      },
    },
    { highWaterMark: 0 },
  )
  return { body, taken: () => taken }
}

const headersOf = (
  change: Record<string, string | undefined> = {},
  issuedAt = desk.clock.now(),
) => {
  const signed: Record<string, string | undefined> = {
    ...signRequest({
      identity: desk.buyer.identity,
      method: 'POST',
      path: '/api/v1/relay',
      audience: desk.oracle.signer.did,
      body: new TextEncoder().encode('{}'),
      issuedAt,
      nonce: crypto.randomUUID(),
    }),
    ...change,
  }
  return Object.fromEntries(
    Object.entries(signed).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
}

async function push(headers: Record<string, string>, count = 4, size?: number) {
  const { body, taken } = counted(count, size)
  const init: RequestInit = { method: 'POST', headers, body, duplex: 'half' }
  const response = await desk.app.request('/api/v1/relay', init)
  return { refused: await problemOf(response), taken: taken() }
}

test('headers that cannot be right are refused before a byte of the body is read', async () => {
  const cases: [Record<string, string>, [number, string]][] = [
    [{}, [401, 'request_unsigned']],
    [headersOf({ 'earnest-nonce': 'x' }), [401, 'request_unsigned']],
    [headersOf({}, desk.clock.now() - 301), [401, 'request_expired']],
    [headersOf({ 'earnest-signature': '00'.repeat(64) }), [401, 'invalid_request_signature']],
    [headersOf({ 'content-length': '99999999' }), [413, 'too_large']],
  ]
  for (const [headers, want] of cases) {
    assert.deepEqual(await push(headers), { refused: want, taken: 0 })
  }
})

test('a body that is not the signed one is refused, also where Content-Digest lies about it', async () => {
  const { refused } = await push(headersOf())
  assert.deepEqual(refused, [401, 'invalid_request_signature'])
})

test('the bytes of all bodies together are bounded, and given back', async () => {
  const endless = headersOf({ 'content-digest': undefined })
  const { refused, taken } = await push(endless, 1000, 20_000)
  assert.deepEqual(refused, [429, 'too_many_at_once'])
  assert.ok(taken <= 6)
  // Nothing is held after the refusal: the next one comes just as far.
  assert.deepEqual((await push(headersOf({ 'content-digest': undefined }), 2)).refused, [
    401,
    'invalid_request_signature',
  ])
})

test('a client holds only so many event streams, and a closed one makes room', async () => {
  const open = () => desk.app.request('/api/v1/events')
  const first = await open()
  await open()
  const third = await open()
  assert.equal(third.headers.get('retry-after'), '1')
  assert.deepEqual(await problemOf(third), [429, 'too_many_at_once'])
  await first.body?.cancel()
  assert.equal((await open()).status, 200)
})

test('slots are bounded for each and for all, and a release counts once', () => {
  const slots = createSlots({ total: 3, each: 2 })
  const one = slots.take('a', 2)
  assert.throws(() => slots.take('a'), { code: 'too_many_at_once' })
  slots.take('b')
  assert.throws(() => slots.take('b'), { code: 'overloaded' })
  one.release()
  one.release()
  assert.equal(slots.used(), 1)
  slots.take('b')
})

test('limits see one /64 as one client, IPv4 as itself, and believe no stranger about others', () => {
  const direct = createClientOf()
  assert.equal(direct('2001:db8:1:2::1', undefined), direct('2001:db8:1:2:ffff::9', undefined))
  assert.notEqual(direct('2001:db8:1:2::1', undefined), direct('2001:db8:1:3::1', undefined))
  assert.equal(direct('::ffff:192.0.2.7', undefined), '192.0.2.7')
  assert.equal(direct('192.0.2.7', '198.51.100.1'), '192.0.2.7')
  const behind = createClientOf(['10.0.0.0/8', 'fd00::/8'])
  assert.equal(behind('10.1.2.3', '198.51.100.1'), '198.51.100.1')
  // What stands left of the last stranger was written by that stranger.
  assert.equal(behind('10.1.2.3', '203.0.113.9, 198.51.100.1, 10.9.9.9'), '198.51.100.1')
  assert.equal(behind('192.0.2.7', '198.51.100.1'), '192.0.2.7')
  assert.equal(behind('10.1.2.3', undefined), '10.1.2.3')
  assert.throws(() => createClientOf(['nonsense']), { code: 'invalid_settings' })
})

test('a kept answer lies sealed: a copy of the store opens nobody’s files', async () => {
  const { body } = await desk.oracle.db
    .selectFrom('idempotency')
    .select('body')
    .where('status', 'is not', null)
    .executeTakeFirstOrThrow()
  assert.doesNotMatch(body ?? '', /did:key|\{/)
  assert.match(desk.oracle.answers.open(body ?? ''), /did:key/)
  const other = createEnvelope(new Uint8Array(32).fill(1), 'answer')
  assert.throws(() => other.open(body ?? ''), { code: 'answer_unreadable' })
})

test('whoever asks for the metrics is counted like any reader, and the store is counted once for all', async () => {
  const limited = await createDesk({ app: { readLimit: { burst: 5, perSecond: 0.001 } } })
  try {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => limited.app.request('/metrics')),
    )
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429])
  } finally {
    await limited.close()
  }
})
