import assert from 'node:assert/strict'
import { verify as nodeVerify } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import {
  decode,
  hashPact,
  type OracleEvent,
  publicKeyFromDid,
  verifyDelivery,
  type Webhook,
  webhookSchema,
} from '@earnest/sdk/protocol'
import { backoffOf, MAX_ATTEMPTS } from '../../../../oracle/src/settlement/notify/backoff.ts'
import { deliverNotices } from '../../../../oracle/src/settlement/notify/deliver.ts'
import { createGuardedFetch } from '../../../../oracle/src/settlement/verify/guardedFetch.ts'
import {
  agree,
  call,
  createDesk,
  type Party,
  pactOf,
  party,
  problemOf,
  register,
  send,
} from '../../support/world.ts'
import { openReceiver, type Receiver } from './receiver.ts'

const URL_OF = 'https://hooks.test/earnest'

describe('webhook', () => {
  let receiver: Receiver
  let desk: Awaited<ReturnType<typeof createDesk>>

  before(async () => {
    receiver = await openReceiver()
    desk = await createDesk({ outside: { fetch: receiver.fetch } })
    await register(desk, desk.buyer)
    await register(desk, desk.seller)
  })
  after(async () => {
    await desk.close()
    await receiver.close()
  })
  beforeEach(() => {
    receiver.received.length = 0
    receiver.answers.length = 0
  })
  afterEach(async () => {
    for (const by of [desk.buyer, desk.seller]) {
      for (const { webhookId } of await list(by)) await remove(by, webhookId)
    }
  })

  const read = (wire: unknown): Webhook => decode(webhookSchema, wire, 'invalid_webhook')
  const subscribe = async (by: Party, body: object = { url: URL_OF }) =>
    read(await call(desk, { by, method: 'POST', path: '/api/v1/webhooks', body }))
  const list = async (by: Party) => {
    const path = '/api/v1/webhooks'
    const { webhooks } = await call<{ webhooks: unknown[] }>(desk, asGet(by, path))
    return webhooks.map(read)
  }
  const asGet = (by: Party, path: string) =>
    ({ by, method: 'GET', path, body: new Uint8Array() }) as const
  const remove = (by: Party, id: string) =>
    call(desk, {
      by,
      method: 'DELETE',
      path: `/api/v1/webhooks/${id}`,
      body: new Uint8Array(),
    })
  const replay = async (by: Party, id: string, body: object = {}) =>
    read(await call(desk, { by, method: 'POST', path: `/api/v1/webhooks/${id}/replay`, body }))
  const pass = (seconds: number) => desk.clock.set(desk.clock.now() + seconds)
  const told = (webhook: Webhook): OracleEvent[] =>
    receiver.received.map(({ headers, body }) =>
      verifyDelivery({
        header: (name) => headers[name],
        body,
        publicKey: webhook.publicKey ?? '',
        oracle: desk.oracle.signer.did,
        now: desk.clock.now(),
      }),
    )

  test('[DSP-05] both parties are told every event, signed, in order, and what was delivered is on record', async () => {
    const [buyers, sellers] = [await subscribe(desk.buyer), await subscribe(desk.seller)]
    const pacts = [pactOf(desk), pactOf(desk), pactOf(desk)]
    for (const pact of pacts) await agree(desk, pact)
    while ((await desk.oracle.notify()) > 0);
    assert.equal(receiver.received.length, 6)
    for (const webhook of [buyers, sellers]) {
      const own = receiver.received.filter(({ headers }) =>
        headers['webhook-id']?.endsWith(webhook.webhookId),
      )
      const events = own.map(({ headers, body }) =>
        verifyDelivery({
          header: (name) => headers[name],
          body,
          publicKey: webhook.publicKey ?? '',
          oracle: desk.oracle.signer.did,
          now: desk.clock.now(),
        }),
      )
      assert.deepEqual(
        events.map(({ type, pactId }) => [type, pactId]),
        pacts.map((pact) => ['pact_registered', hashPact(pact)]),
      )
      const proofs = await desk.oracle.db
        .selectFrom('notice')
        .select(['event_id', 'answer'])
        .where('webhook_id', '=', webhook.webhookId)
        .orderBy('event_id')
        .execute()
      assert.deepEqual(
        proofs.map((row) => [row.event_id, row.answer]),
        events.map(({ id }) => [id, '200']),
      )
    }
  })

  test('a delivery verifies as Standard Webhooks says, with nothing of ours', async () => {
    const webhook = await subscribe(desk.buyer)
    await agree(desk, pactOf(desk))
    await desk.oracle.notify()
    const [{ headers, body }] = receiver.received as [Receiver['received'][0]]
    const id = headers['webhook-id'] ?? ''
    const time = headers['webhook-timestamp'] ?? ''
    const [version, signature] = (headers['webhook-signature'] ?? '').split(',')
    assert.equal(version, 'v1a')
    const raw = Buffer.from((webhook.publicKey ?? '').replace('whpk_', ''), 'base64')
    const key = {
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]),
      format: 'der',
      type: 'spki',
    } as const
    const message = Buffer.concat([Buffer.from(`${id}.${time}.`), body])
    assert.ok(nodeVerify(null, message, key, Buffer.from(signature ?? '', 'base64')))
    assert.deepEqual(Object.keys(JSON.parse(Buffer.from(body).toString())).sort(), [
      'data',
      'timestamp',
      'type',
    ])
  })

  test('a delivery that was changed, is old, or is another subscription’s is refused', async () => {
    const webhook = await subscribe(desk.buyer)
    const other = await subscribe(desk.buyer, { url: 'https://hooks.test/other' })
    await agree(desk, pactOf(desk))
    await desk.oracle.notify()
    const [first] = receiver.received.filter(({ headers }) =>
      headers['webhook-id']?.endsWith(webhook.webhookId),
    )
    assert.ok(first)
    const good = {
      header: (name: string) => first.headers[name],
      body: first.body,
      publicKey: webhook.publicKey ?? '',
      oracle: desk.oracle.signer.did,
      now: desk.clock.now(),
    }
    verifyDelivery(good)
    const changed = Uint8Array.from(first.body)
    changed[changed.length - 3] = 0x20
    const forged = { ...first.headers, 'webhook-id': `msg_9_${webhook.webhookId}` }
    const cases: [Partial<typeof good>, string][] = [
      [{ body: changed }, 'invalid_delivery'],
      [{ publicKey: other.publicKey ?? '' }, 'invalid_delivery'],
      [{ publicKey: 'whpk_short' }, 'invalid_delivery'],
      [{ header: (name) => forged[name as 'webhook-id'] }, 'invalid_delivery'],
      [{ header: () => undefined }, 'invalid_delivery'],
      [{ now: good.now + 301 }, 'delivery_expired'],
      [{ now: good.now - 301 }, 'delivery_expired'],
      [{ oracle: party(99).identity.did }, 'invalid_event'],
    ]
    for (const [change, code] of cases) {
      assert.throws(() => verifyDelivery({ ...good, ...change }), { code })
    }
    // The key of a webhook is not the oracle's own: no delivery is a statement of the oracle.
    const raw = Buffer.from((webhook.publicKey ?? '').slice(5), 'base64')
    assert.notDeepEqual(Uint8Array.from(raw), publicKeyFromDid(desk.oracle.signer.did))
  })

  test('what fails is tried again with growing pauses, in order, under the same id', async () => {
    const webhook = await subscribe(desk.buyer)
    const pacts = [pactOf(desk), pactOf(desk)]
    for (const pact of pacts) await agree(desk, pact)
    receiver.answers.push(500, 0, 302)
    assert.equal(await desk.oracle.notify(), 1)
    assert.equal(await desk.oracle.notify(), 0, 'not before its time')
    const [waiting] = await list(desk.buyer)
    assert.equal(waiting?.attempts, 1)
    assert.equal(waiting?.lastAnswer, '500')
    assert.ok((waiting?.nextAttemptAt ?? 0) > desk.clock.now())
    pass(5)
    assert.equal(await desk.oracle.notify(), 1)
    assert.equal((await list(desk.buyer))[0]?.lastAnswer, 'no_answer')
    pass(15)
    assert.equal(await desk.oracle.notify(), 1)
    assert.equal((await list(desk.buyer))[0]?.lastAnswer, '302', 'a redirect is no delivery')
    pass(45)
    assert.equal(await desk.oracle.notify(), 2)
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    assert.equal(new Set(ids.slice(0, 4)).size, 1)
    assert.notEqual(ids[4], ids[3])
    receiver.received.splice(0, 3)
    assert.deepEqual(
      told(webhook).map(({ pactId }) => pactId),
      pacts.map(hashPact),
    )
    assert.equal((await list(desk.buyer))[0]?.attempts, 0)
  })

  test('pauses triple from five seconds to six hours, spread over their second half', () => {
    const longest = Array.from({ length: MAX_ATTEMPTS }, (_, n) => backoffOf(n + 1, 1))
    assert.deepEqual(longest.slice(0, 5), [5, 15, 45, 135, 405])
    assert.equal(longest.at(-1), 21_600)
    assert.equal(backoffOf(3, 0), 23)
    const whole = longest.slice(0, -1).reduce((sum, pause) => sum + pause, 0)
    assert.ok(whole > 20 * 3600 && whole < 26 * 3600, `${whole} s`)
  })

  test('after the last try it stops at that event for all to see; a replay loses nothing and can leave it out', async () => {
    const webhook = await subscribe(desk.buyer)
    const pacts = [pactOf(desk), pactOf(desk)]
    for (const pact of pacts) await agree(desk, pact)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      receiver.answers.push(503)
      assert.equal(await desk.oracle.notify(), 1)
      pass(6 * 3600)
    }
    assert.equal(await desk.oracle.notify(), 0)
    const [stopped] = await list(desk.buyer)
    assert.equal(stopped?.status, 'stopped')
    assert.equal(stopped?.deadLetter?.eventId, (stopped?.lastEventId ?? 0) + 1)
    const logged = await desk.oracle.db
      .selectFrom('journal')
      .select('data')
      .where('action', '=', 'webhook_stopped')
      .execute()
    assert.equal(logged.length, 1)
    assert.doesNotMatch(logged[0]?.data ?? '', /hooks\.test/)

    receiver.received.length = 0
    await replay(desk.buyer, webhook.webhookId)
    while ((await desk.oracle.notify()) > 0);
    assert.deepEqual(
      told(webhook).map(({ pactId }) => pactId),
      pacts.map(hashPact),
    )
    receiver.received.length = 0
    const after = stopped?.deadLetter?.eventId ?? 0
    await replay(desk.buyer, webhook.webhookId, { after })
    while ((await desk.oracle.notify()) > 0);
    assert.deepEqual(
      told(webhook).map(({ pactId }) => pactId),
      pacts.slice(1).map(hashPact),
    )
  })

  test('who answers that it is gone is not asked again', async () => {
    await subscribe(desk.buyer)
    await agree(desk, pactOf(desk))
    receiver.answers.push(410)
    await desk.oracle.notify()
    pass(7 * 86_400)
    assert.equal(await desk.oracle.notify(), 0)
    assert.equal((await list(desk.buyer))[0]?.status, 'stopped')
  })

  test('a subscription begins with what is new or where it says, and takes the types that it names', async () => {
    await agree(desk, pactOf(desk))
    const fresh = await subscribe(desk.buyer)
    const whole = await subscribe(desk.buyer, { url: URL_OF, after: 0 })
    const none = await subscribe(desk.buyer, { url: URL_OF, after: 0, types: ['ruled'] })
    while ((await desk.oracle.notify()) > 0);
    const of = ({ webhookId }: Webhook) =>
      receiver.received.filter(({ headers }) => headers['webhook-id']?.endsWith(webhookId)).length
    assert.equal(of(fresh), 0)
    assert.ok(of(whole) > 1)
    assert.equal(of(none), 0)
    const [, , passed] = await list(desk.buyer)
    assert.equal(passed?.lastEventId, (await list(desk.buyer))[1]?.lastEventId)
  })

  test('two processes over one store deliver each event once', async () => {
    await subscribe(desk.buyer)
    await subscribe(desk.seller)
    for (let n = 0; n < 5; n++) await agree(desk, pactOf(desk))
    const { db, signer, clock, webhookKey } = desk.oracle
    const process = { db, signer, clock, webhookKey, fetch: receiver.fetch }
    let tried = 0
    for (let round = 0; round < 4; round++) {
      const both = await Promise.all([deliverNotices(process), deliverNotices(process)])
      tried += both[0] + both[1]
    }
    assert.equal(tried, 10)
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    assert.equal(new Set(ids).size, 10)
  })

  test('a process that dies in the middle is followed by the next, which repeats and loses nothing', async () => {
    const webhook = await subscribe(desk.buyer)
    const pacts = [pactOf(desk), pactOf(desk)]
    for (const pact of pacts) await agree(desk, pact)
    const { db, signer, clock, webhookKey } = desk.oracle
    const dying = { db, signer, clock, webhookKey, fetch: receiver.fetch }
    // The receiver has it, and this process never writes that down.
    let sent = 0
    const killed = deliverNotices({
      ...dying,
      fetch: async (request) => {
        await receiver.fetch(request)
        sent += 1
        return new Promise(() => {})
      },
    })
    while (sent === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(await desk.oracle.notify(), 0, 'the lease still holds')
    await db
      .updateTable('webhook')
      .set({ leased_until: new Date(0) })
      .where('id', '=', webhook.webhookId)
      .execute()
    assert.equal(await desk.oracle.notify(), 2)
    const [first, ...rest] = told(webhook)
    assert.deepEqual(
      rest.map(({ pactId }) => pactId),
      pacts.map(hashPact),
    )
    assert.equal(first?.id, rest[0]?.id)
    void killed
  })

  test('one subscriber that hangs holds up neither the others nor the trade', async () => {
    await subscribe(desk.buyer, { url: 'https://hooks.test/hangs' })
    const good = await subscribe(desk.seller)
    const { db, signer, clock, webhookKey } = desk.oracle
    const pact = pactOf(desk)
    await agree(desk, pact)
    const waits = Promise.withResolvers<null>()
    const run = deliverNotices({
      db,
      signer,
      clock,
      webhookKey,
      fetch: (request) => (request.url.endsWith('hangs') ? waits.promise : receiver.fetch(request)),
    })
    while (receiver.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await agree(desk, pactOf(desk))
    waits.resolve(null)
    assert.equal(await run, 2)
    assert.deepEqual(
      told(good).map(({ pactId }) => pactId),
      [hashPact(pact)],
    )
  })

  test('only public https and single mailboxes can be subscribed, only by registered agents, ten each', async () => {
    const refuse = async (url: string, by: Party = desk.buyer) =>
      problemOf(await send(desk, { by, method: 'POST', path: '/api/v1/webhooks', body: { url } }))
    for (const url of [
      'https://127.0.0.1/x',
      'https://10.0.0.8/x',
      'https://[::1]/x',
      'https://169.254.169.254/latest',
      'https://hooks.test:8443/x',
      'https://user:secret@hooks.test/x',
      'mailto:a@example.test?bcc=b@example.test',
      'mailto:a@example.test,b@example.test',
      'mailto:a%0d%0aBcc:b@example.test',
    ]) {
      assert.deepEqual(await refuse(url), [422, 'webhook_url_refused'], url)
    }
    for (const url of ['http://hooks.test/x', 'file:///etc/passwd', 'nonsense']) {
      assert.deepEqual(await refuse(url), [422, 'invalid_request'], url)
    }
    assert.deepEqual(await refuse('mailto:a@example.test'), [503, 'mail_unavailable'])
    assert.deepEqual(await refuse(URL_OF, party(98)), [404, 'agent_unknown'])
    for (let n = 0; n < 10; n++) await subscribe(desk.buyer)
    assert.deepEqual(await refuse(URL_OF), [422, 'too_many_webhooks'])
  })

  test('a name that means an address inside the house is never connected to', async () => {
    await subscribe(desk.buyer, { url: 'https://localhost/x' })
    await agree(desk, pactOf(desk))
    const { db, signer, clock, webhookKey } = desk.oracle
    await deliverNotices({ db, signer, clock, webhookKey, fetch: createGuardedFetch() })
    assert.equal((await list(desk.buyer))[0]?.lastAnswer, 'no_answer')
    assert.equal(receiver.received.length, 0)
  })

  test('a subscription is its agent’s alone', async () => {
    const { webhookId } = await subscribe(desk.buyer)
    const path = `/api/v1/webhooks/${webhookId}`
    const by = desk.seller
    for (const request of [
      { by, method: 'DELETE', path, body: new Uint8Array() },
      { by, method: 'POST', path: `${path}/replay`, body: {} },
      { by, method: 'POST', path: `${path}/confirmation`, body: { code: '00000000' } },
    ] as const) {
      assert.deepEqual(await problemOf(await send(desk, request)), [404, 'webhook_unknown'])
    }
    assert.deepEqual(await list(by), [])
    const unsigned = await desk.app.request('/api/v1/webhooks')
    assert.equal(unsigned.status, 401)
  })
})
