import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  decode,
  encode,
  hashPact,
  type Notices,
  noticesBodySchema,
  noticesSchema,
  publicKeyFromDid,
  verifyBody,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { agree, call, createDesk, pactOf, problemOf, register, send } from '../../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>
before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk.close())

const get = (path: string, by = desk.buyer) =>
  ({ by, method: 'GET', path, body: new Uint8Array() }) as const

test('an agent’s subscriptions come page by page, each once, oldest first', async () => {
  const path = '/api/v1/webhooks'
  for (const n of [1, 2, 3, 4, 5]) {
    const body = { url: `https://hooks.example/${n}` }
    await call(desk, { by: desk.buyer, method: 'POST', path, body })
  }
  const urls: string[] = []
  let cursor: string | null = null
  let pages = 0
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { webhooks: { url: string }[]; cursor: string | null } = await call(
      desk,
      get(`${path}?limit=2${query}`),
    )
    assert.ok(page.webhooks.length <= 2)
    urls.push(...page.webhooks.map(({ url }) => url))
    cursor = page.cursor
    pages += 1
  } while (cursor !== null)
  assert.equal(pages, 3)
  assert.deepEqual(
    urls.toSorted(),
    [1, 2, 3, 4, 5].map((n) => `https://hooks.example/${n}`),
  )
  const other = await call<{ webhooks: object[] }>(desk, get(path, desk.seller))
  assert.deepEqual(other.webhooks, [])
  for (const forged of ['1', 'x/y', '0/a; drop table webhook', '-1/a', `${'9'.repeat(16)}/a`]) {
    const response = await send(desk, get(`${path}?cursor=${encodeURIComponent(forged)}`))
    assert.deepEqual(await problemOf(response), [422, 'invalid_request'], forged)
  }
})

test('proofs of notice come page by page, and each page is signed', async () => {
  const pact = pactOf(desk)
  const escrowId = await agree(desk, pact)
  const { id } = await desk.oracle.db
    .selectFrom('event')
    .select('id')
    .where('type', '=', 'pact_registered')
    .executeTakeFirstOrThrow()
  const ids = Array.from({ length: 5 }, () => crypto.randomUUID())
  for (const webhook_id of ids) {
    await desk.oracle.db
      .insertInto('notice')
      .values({
        webhook_id,
        event_id: id,
        did: desk.buyer.identity.did,
        escrow_id: escrowId,
        channel: 'webhook',
        address_hash: 'ab'.repeat(32),
        at: desk.clock.now(),
        answer: '200',
      })
      .execute()
  }
  const path = `/api/v1/escrows/${escrowId}/notices`
  const publicKey = publicKeyFromDid(desk.oracle.signer.did)
  let cursor: string | null = null
  let count = 0
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const wire = await call(desk, get(`${path}?limit=2${query}`))
    const page: Notices = decode(noticesSchema, wire, 'invalid_notices')
    const { signature, ...body } = page
    const signed = encode(noticesBodySchema, body, 'invalid_notices')
    assert.ok(verifyBody({ type: 'notice', body: signed, signature, publicKey }))
    // A page that hides that there is another is not what was signed.
    if (body.cursor !== null) {
      const cut = { ...signed, cursor: null }
      assert.ok(!verifyBody({ type: 'notice', body: cut, signature, publicKey }))
    }
    count += page.notices.length
    cursor = page.cursor
  } while (cursor !== null)
  assert.equal(count, 5)
})

test('what a seller says about a failure or a cancellation is read by the parties, and everybody reads a code', async () => {
  const secret = 'The customer Ann Smith of 12 Elm Street sent a broken file'
  const pact = pactOf(desk)
  const escrowId: Hex = await agree(desk, pact)
  const path = `/api/v1/pacts/${hashPact(pact)}`
  const failure = { escrowId, failureCode: 'input_unusable', failureReason: secret }
  const by = desk.seller
  await call(desk, { by, method: 'POST', path: `${path}/failures`, body: failure })
  await call(desk, { by, method: 'POST', path: `${path}/cancellation`, body: { reason: secret } })
  const rows = await desk.oracle.db.selectFrom('event').select(['type', 'data']).execute()
  const journal = await desk.oracle.db.selectFrom('journal').select('data').execute()
  for (const { data } of [...rows, ...journal]) assert.ok(!data.includes('Ann Smith'), data)
  assert.deepEqual(
    rows.filter(({ type }) => type === 'execution_failed').map(({ data }) => JSON.parse(data)),
    [{ failureCode: 'input_unusable' }],
  )
  const open = await (await desk.app.request(path)).text()
  assert.ok(!open.includes('Ann Smith'))

  for (const who of [desk.buyer, desk.seller]) {
    const papers = await call<{
      failure: { failureCode: string; failureReason: string }
      cancellation: { reason: string }
    }>(desk, get(`/api/v1/escrows/${escrowId}/papers`, who))
    assert.deepEqual(
      [papers.failure.failureCode, papers.failure.failureReason, papers.cancellation.reason],
      ['input_unusable', secret, secret],
    )
  }
  // A code is one of a list: nothing can be said in it.
  const smuggled = { ...failure, failureCode: 'ann_smith_of_12_elm_street' }
  const refused = await send(desk, { by, method: 'POST', path: `${path}/failures`, body: smuggled })
  assert.deepEqual(await problemOf(refused), [422, 'invalid_request'])
})
