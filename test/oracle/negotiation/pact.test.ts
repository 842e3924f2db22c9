import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { escrowIdOfPact, formatUtc, hashPact, type Pact } from '@earnest/sdk/protocol'
import { writeHistory } from '../../../oracle/src/discovery/keys.ts'
import { findPact } from '../../../oracle/src/negotiation/pact.ts'
import {
  agree,
  call,
  createDesk,
  pactOf,
  problemOf,
  register,
  registrationOf,
  send,
} from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk?.close())

const path = '/api/v1/pacts'

test('[PCT-21] registering again, by either party, gives the same record', async () => {
  const body = registrationOf(desk, pactOf(desk))
  const first = await call<Record<string, unknown>>(desk, {
    by: desk.buyer,
    method: 'POST',
    path,
    body,
  })
  const { pactId, status, createdAt } = first
  assert.deepEqual(
    [pactId, status, createdAt],
    [body.pactHash, 'registered', formatUtc(desk.clock.now())],
  )
  desk.clock.set(desk.clock.now() + 10)
  const again = await call(desk, { by: desk.seller, method: 'POST', path, body })
  assert.deepEqual(again, first)
  // Either signature by another, and the two exchanged: none of it is registered.
  const other = registrationOf(desk, pactOf(desk))
  const { buyerSignature, sellerSignature } = other
  for (const forged of [
    { ...other, buyerSignature: body.buyerSignature },
    { ...other, sellerSignature: body.sellerSignature },
    { ...other, buyerSignature: sellerSignature, sellerSignature: buyerSignature },
  ]) {
    const response = await send(desk, { by: desk.buyer, method: 'POST', path, body: forged })
    assert.equal(response.status, 422)
  }
  assert.equal((await desk.app.request(`${path}/${other.pactHash}`)).status, 404)
})

test('[PCT-12] a nonce of the buyer under other terms is refused, the first pact stands', async () => {
  const pact = pactOf(desk)
  await agree(desk, pact)
  const other = { ...pact, taskDescription: 'Something else' }
  const response = await send(desk, {
    by: desk.buyer,
    method: 'POST',
    path,
    body: registrationOf(desk, other),
  })
  assert.deepEqual(await problemOf(response), [409, 'nonce_reused'])
  assert.equal((await desk.app.request(`${path}/${hashPact(pact)}`)).status, 200)
  assert.equal((await desk.app.request(`${path}/${hashPact(other)}`)).status, 404)
})

test('a pact shows its terms, its escrow ids and where it stands before the lock', async () => {
  const pact = pactOf(desk)
  await agree(desk, pact)
  const read = async () =>
    (await (await desk.app.request(`${path}/${hashPact(pact)}`)).json()) as {
      status: string
      pactId: string
      escrowIds: string[]
    }
  const record = await read()
  assert.equal(record.status, 'registered')
  assert.deepEqual(record.escrowIds, [escrowIdOfPact({ pact })])
  assert.equal(record.pactId, hashPact(pact))
  desk.clock.set(pact.timing.fundBy)
  assert.equal((await read()).status, 'expired')
})

test('a pact is parsed once, unless its parties made it so long that five hundred would fill the memory', async () => {
  const readTwice = async (input: Pact['input']) => {
    const pact = pactOf(desk, { input })
    await agree(desk, pact)
    const read = async () => (await findPact(desk.oracle.db, hashPact(pact)))?.signed
    const [first, second] = [await read(), await read()]
    assert.deepEqual(first, second)
    return first === second
  }
  assert.equal(await readTwice({ name: 'short' }), true)
  assert.equal(await readTwice({ name: 'x'.repeat(100_000) }), false)
})

test('[API-02] an unknown pact is said to be unknown', async () => {
  const response = await desk.app.request(`${path}/${'0'.repeat(64)}`)
  assert.deepEqual(await problemOf(response), [404, 'pact_unknown'])
})

test('deposits have to be what a criterion names, byte for byte', async () => {
  const body = registrationOf(desk, pactOf(desk))
  const deposit = { sha256: 'a'.repeat(64), content: Buffer.from('x').toString('base64') }
  const response = await send(desk, {
    by: desk.buyer,
    method: 'POST',
    path,
    body: { ...body, deposits: [deposit] },
  })
  assert.deepEqual(await problemOf(response), [422, 'deposit_mismatch'])
})

test('[PCT-20] terms that the signatures do not cover are refused, and what is registered stays', async () => {
  const pact = pactOf(desk)
  const body = registrationOf(desk, pact)
  const raised = registrationOf(desk, { ...pact, paymentUsdc: pact.paymentUsdc + 1n })
  for (const mixed of [
    { ...body, pactHash: raised.pactHash },
    { ...body, terms: raised.terms },
    { ...body, sellerSignature: raised.sellerSignature },
  ]) {
    const response = await send(desk, { by: desk.buyer, method: 'POST', path, body: mixed })
    assert.equal(response.status, 422)
  }
  await agree(desk, pact)
  const update = await send(desk, { by: desk.seller, method: 'POST', path, body: raised })
  assert.deepEqual(await problemOf(update), [409, 'nonce_reused'])
})

test('[DRV-06] a key that was rotated out before the registration signs no pact, however it is dated', async () => {
  const { did, publicKey } = desk.seller.identity
  const now = desk.clock.now()
  const before = await desk.oracle.db
    .selectFrom('agent')
    .select('keys')
    .where('did', '=', did)
    .executeTakeFirstOrThrow()
  const good = pactOf(desk)
  await agree(desk, good)
  const history = {
    did,
    wallet: desk.seller.wallet.address,
    periods: [
      { publicKey, from: 0, until: now - 60 },
      { publicKey: desk.buyer.identity.publicKey, from: now - 60, until: null },
    ],
    head: '0'.repeat(64),
    frozenAt: null,
  }
  const set = (keys: string | null) =>
    desk.oracle.db.updateTable('agent').set({ keys }).where('did', '=', did).execute()
  await set(writeHistory(history))
  try {
    // Dated to when the stolen key still counted.
    const proposedAt = formatUtc(now - 120)
    const body = registrationOf(desk, pactOf(desk, { proposedAt }))
    const stolen = await send(desk, { by: desk.buyer, method: 'POST', path, body })
    assert.deepEqual(await problemOf(stolen), [401, 'key_not_valid'])
  } finally {
    await set(before.keys)
  }
  for (const [age, code] of [
    [86_401, 'registration_too_late'],
    [-301, 'clock_skew'],
  ] as const) {
    const body = registrationOf(desk, pactOf(desk, { proposedAt: formatUtc(now - age) }))
    const response = await send(desk, { by: desk.buyer, method: 'POST', path, body })
    assert.deepEqual(await problemOf(response), [422, code])
  }
})

test('[W-33] a seller takes an offer back, and nobody else does', async () => {
  const pact = pactOf(desk)
  await agree(desk, pact)
  const cancel = (by: typeof desk.buyer) =>
    send(desk, {
      by,
      method: 'POST',
      path: `${path}/${hashPact(pact)}/cancellation`,
      body: { reason: 'no capacity' },
    })
  assert.deepEqual(await problemOf(await cancel(desk.buyer)), [403, 'signer_not_party'])
  const cancelled = (await (await cancel(desk.seller)).json()) as { status: string; reason: string }
  assert.equal(cancelled.status, 'cancelled')
  assert.equal(cancelled.reason, 'cancelled_by_seller')
  assert.equal((await cancel(desk.seller)).status, 200)
})
