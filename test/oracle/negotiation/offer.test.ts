import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { encodePact, hashPact, type Pact, signPact } from '@earnest/sdk/protocol'
import {
  call,
  createDesk,
  type Party,
  pactOf,
  party,
  problemOf,
  register,
  registrationOf,
  send,
} from '../support/world.ts'

type Desk = Awaited<ReturnType<typeof createDesk>>

let desk: Desk
const stranger = party(77)

before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk.close())

const offerOf = (pact: Pact, by: Party = desk.seller) => ({
  pactHash: hashPact(pact),
  terms: encodePact(pact),
  sellerSignature: signPact({ pact, identity: by.identity }),
})
const offer = (body: object, by: Party = desk.seller) =>
  send(desk, { by, method: 'POST', path: '/api/v1/offers', body })
const statusOf = async (pact: Pact) => {
  const answer = await desk.app.request(`/api/v1/offers/${hashPact(pact)}`)
  return ((await answer.json()) as { status: string }).status
}

describe('offer', () => {
  test('default: it waits for its customer, is the same when made again, and is accepted by the second signature', async () => {
    const pact = pactOf(desk)
    assert.equal((await offer(offerOf(pact))).status, 201)
    assert.equal((await offer(offerOf(pact))).status, 201)
    assert.equal(await statusOf(pact), 'open')
    await call(desk, {
      by: desk.buyer,
      method: 'POST',
      path: '/api/v1/pacts',
      body: registrationOf(desk, pact),
    })
    assert.equal(await statusOf(pact), 'accepted')
    const own = await call<{ offers: { pactHash: string }[] }>(desk, {
      by: desk.buyer,
      method: 'GET',
      body: new Uint8Array(0),
      path: '/api/v1/offers',
    })
    assert.deepEqual(
      own.offers.map(({ pactHash }) => pactHash),
      [hashPact(pact)],
    )
  })

  test('error: nobody offers in the seller’s name, and its signature is over these terms', async () => {
    const pact = pactOf(desk)
    assert.deepEqual(await problemOf(await offer(offerOf(pact), stranger)), [
      403,
      'signer_not_party',
    ])
    assert.deepEqual(await problemOf(await offer(offerOf(pact), desk.buyer)), [
      403,
      'signer_not_party',
    ])
    const forged = { ...offerOf(pact), sellerSignature: 'ab'.repeat(64) }
    assert.deepEqual(await problemOf(await offer(forged)), [422, 'invalid_seller_signature'])
    const other = { ...offerOf(pact), pactHash: hashPact(pactOf(desk)) }
    assert.deepEqual(await problemOf(await offer(other)), [422, 'pact_hash_mismatch'])
  })

  test('behavior: a stranger reads none of the customer’s offers', async () => {
    await offer(offerOf(pactOf(desk)))
    const answer = await call<{ offers: unknown[] }>(desk, {
      by: stranger,
      method: 'GET',
      body: new Uint8Array(0),
      path: '/api/v1/offers',
    })
    assert.deepEqual(answer.offers, [])
  })

  test('behavior: at the very second of fundBy it has run out', async () => {
    const pact = pactOf(desk)
    await offer(offerOf(pact))
    desk.clock.set(pact.timing.fundBy - 1)
    assert.equal(await statusOf(pact), 'open')
    desk.clock.set(pact.timing.fundBy)
    assert.equal(await statusOf(pact), 'expired')
    assert.deepEqual(await problemOf(await offer(offerOf(pact))), [422, 'fund_by_passed'])
  })
})
