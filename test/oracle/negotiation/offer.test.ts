import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  ANYONE,
  didFromPublicKey,
  encodePact,
  fillOffer,
  hashBytes,
  hashPact,
  type Pact,
  type PactWire,
  signPact,
} from '@earnest/sdk/protocol'
import { forgetOffers } from '../../../oracle/src/negotiation/offer.ts'
import { takeOffer } from '../../../oracle/src/negotiation/takeOffer.ts'
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

const DAY = 86_400
const lasting = (days: number, changes: Partial<PactWire> = {}) => {
  const now = desk.clock.now()
  const at = (seconds: number) =>
    new Date((now + seconds) * 1000).toISOString().replace(/\.\d+/, '')
  const { timing } = encodePact(pactOf(desk))
  return pactOf(desk, {
    timing: { ...timing, fundBy: at(days * DAY) },
    deadlineUtc: at((days + 1) * DAY),
    ...changes,
  })
}
const accept = (pact: Pact) =>
  send(desk, {
    by: desk.buyer,
    method: 'POST',
    path: '/api/v1/pacts',
    body: registrationOf(desk, pact),
  })
const withdraw = (pact: Pact, by: Party = desk.seller) =>
  send(desk, { by, method: 'DELETE', path: `/api/v1/offers/${hashPact(pact)}` })

describe('offers that last', () => {
  test('default: an offer is accepted as long as its seller says, a pact that nobody offered here within a day', async () => {
    const [offered, unheard] = [lasting(10), lasting(10)]
    assert.equal((await offer(offerOf(offered))).status, 201)
    desk.clock.set(desk.clock.now() + 10 * DAY - 1)
    assert.equal((await accept(offered)).status, 201)
    assert.deepEqual(await problemOf(await accept(unheard)), [422, 'registration_too_late'])
  })

  test('error: an offer ends at its last second, and stands no longer than the operator lets it', async () => {
    const pact = lasting(3)
    await offer(offerOf(pact))
    desk.clock.set(pact.timing.fundBy)
    assert.deepEqual(await problemOf(await accept(pact)), [422, 'registration_too_late'])
    assert.deepEqual(await problemOf(await offer(offerOf(lasting(31)))), [422, 'offer_too_long'])
  })

  test('behavior: what its seller took back nobody accepts, and nobody else takes it back', async () => {
    const pact = lasting(3)
    await offer(offerOf(pact))
    assert.deepEqual(await problemOf(await withdraw(pact, stranger)), [403, 'signer_not_party'])
    assert.equal((await withdraw(pact)).status, 200)
    assert.equal((await withdraw(pact)).status, 200)
    assert.equal(await statusOf(pact), 'withdrawn')
    assert.deepEqual(await problemOf(await accept(pact)), [409, 'offer_withdrawn'])
    const accepted = lasting(3)
    await offer(offerOf(accepted))
    await accept(accepted)
    assert.deepEqual(await problemOf(await withdraw(accepted)), [409, 'offer_taken'])
  })

  test('behavior: a week after its end an offer is gone, and an accepted one stays as its pact', async () => {
    const [ended, accepted, standing] = [lasting(1), lasting(1), lasting(20)]
    for (const pact of [ended, accepted, standing]) await offer(offerOf(pact))
    await accept(accepted)
    desk.clock.set(ended.timing.fundBy + 7 * DAY)
    await forgetOffers(desk.oracle)
    assert.equal(await statusOf(ended), 'expired')
    desk.clock.set(ended.timing.fundBy + 7 * DAY + 1)
    await forgetOffers(desk.oracle)
    const asked = await desk.app.request(`/api/v1/offers/${hashPact(ended)}`)
    assert.deepEqual(await problemOf(asked), [404, 'offer_unknown'])
    assert.equal((await desk.app.request(`/api/v1/pacts/${hashPact(accepted)}`)).status, 200)
    assert.equal(await statusOf(standing), 'open')
  })

  test('behavior: of two offers at once for the last place one is refused', async () => {
    const { db, clock } = desk.oracle
    const { waiting } = await db
      .selectFrom('offer')
      .select((eb) => eb.fn.countAll<number>().as('waiting'))
      .where('accept_by', '>', clock.now())
      .executeTakeFirstOrThrow()
    const rows = Array.from({ length: 999 - waiting }, (_, index) => ({
      pact_id: `filler-${index}`,
      seller_did: desk.seller.identity.did,
      buyer_did: stranger.identity.did,
      offer: '{}',
      accept_by: clock.now() + DAY,
      offered_at: clock.now(),
    }))
    await db.insertInto('offer').values(rows).execute()
    const answers = await Promise.all([offer(offerOf(lasting(2))), offer(offerOf(lasting(2)))])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 429])
    await db.deleteFrom('offer').where('pact_id', 'like', 'filler-%').execute()
  })
})

describe('open offers', () => {
  const open = () =>
    lasting(5, {
      buyer: { did: ANYONE.did, wallet: ANYONE.wallet },
      proposedBy: desk.seller.identity.did,
      proposedTo: ANYONE.did,
    } as Partial<PactWire>)
  // The desk has no chain to ask, so what a wallet holds is said here.
  const take = (pact: Pact, by: string, balance = pact.paymentUsdc) =>
    takeOffer({ ...desk.oracle, balanceOf: async () => balance }, { pactId: hashPact(pact), by })
  const filledFor = (pact: Pact, { identity, wallet }: Party) =>
    fillOffer(pact, {
      buyer: { did: identity.did, wallet: wallet.address },
      at: desk.clock.now(),
      nonce: crypto.randomUUID(),
      salt: 'ab'.repeat(32),
    })
  const second = party(78)

  test('default: the first customer gets it, whoever comes at the same time does not', async () => {
    await register(desk, second)
    const pact = open()
    assert.equal((await offer(offerOf(pact))).status, 201)
    const tries = await Promise.allSettled([
      take(pact, desk.buyer.identity.did),
      take(pact, second.identity.did),
    ])
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
    const lost = tries.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    assert.equal(lost.reason.code, 'offer_taken')
    const winner = tries[0]?.status === 'fulfilled' ? desk.buyer : second
    // The same again is the same claim; who has it stays between the two.
    assert.equal((await take(pact, winner.identity.did)).claim?.by, winner.identity.did)
    const shown = await (await desk.app.request(`/api/v1/offers/${hashPact(pact)}`)).json()
    assert.equal((shown as { status: string }).status, 'taken')
    assert.equal('claim' in (shown as object), false)

    const filled = filledFor(pact, winner)
    const answer = { ...offerOf(filled), answers: hashPact(pact) }
    assert.equal((await offer(answer)).status, 201)
    assert.equal((await take(pact, winner.identity.did)).claim?.pactHash, hashPact(filled))
    // One pact for one claim: a second one for the same customer would sell the work twice.
    const twice = { ...offerOf(filledFor(pact, winner)), answers: hashPact(pact) }
    assert.deepEqual(await problemOf(await offer(twice)), [409, 'offer_taken'])
  })

  test('behavior: the list goes on page by page, what somebody has taken before everything else, and every offer once', async () => {
    const made = [open(), lasting(5), open(), lasting(5)]
    for (const pact of made) {
      await offer(offerOf(pact))
      desk.clock.set(desk.clock.now() + 1)
    }
    const [taken] = made as [Pact]
    await register(desk, desk.buyer)
    await take(taken, desk.buyer.identity.did)
    const list = (query: string, by = desk.seller) =>
      send(desk, { by, method: 'GET', path: `/api/v1/offers${query}`, body: new Uint8Array(0) })
    type Page = { offers: { pactHash: string; status: string }[]; cursor: string | null }
    const whole = (await (await list('')).json()) as Page
    assert.equal(whole.cursor, null)
    const pages: Page['offers'] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page = (await (await list(`?limit=2${from}`)).json()) as Page
      assert.ok(page.offers.length <= 2)
      pages.push(...page.offers)
      cursor = page.cursor
    } while (cursor !== null)
    assert.deepEqual(pages, whole.offers)
    assert.equal(new Set(pages.map(({ pactHash }) => pactHash)).size, pages.length)
    const isTaken = pages.map(({ status }) => status === 'taken')
    assert.deepEqual(
      isTaken,
      isTaken.toSorted((a, b) => Number(b) - Number(a)),
    )
    const latest = pages.slice(isTaken.lastIndexOf(true) + 1).map(({ pactHash }) => pactHash)
    assert.deepEqual(latest.slice(0, 3), made.slice(1).reverse().map(hashPact))
    for (const bad of ['?limit=101', '?limit=0', '?cursor=2/1/a', '?cursor=1/-1/', '?page=2']) {
      assert.deepEqual(await problemOf(await list(bad)), [422, 'invalid_request'], bad)
    }
  })

  test('behavior: not confirmed, or not paid in, it is anybody’s again, and never before', async () => {
    const pact = open()
    await offer(offerOf(pact))
    await take(pact, desk.buyer.identity.did)
    desk.clock.set(desk.clock.now() + 900 + 119)
    await assert.rejects(take(pact, second.identity.did), { code: 'offer_taken' })
    desk.clock.set(desk.clock.now() + 1)
    await take(pact, second.identity.did)
    const filled = filledFor(pact, second)
    await offer({ ...offerOf(filled), answers: hashPact(pact) })
    desk.clock.set(filled.timing.fundBy + 119)
    await assert.rejects(take(pact, desk.buyer.identity.did), { code: 'offer_taken' })
    desk.clock.set(filled.timing.fundBy + 120)
    await take(pact, desk.buyer.identity.did)
  })

  test('behavior: whoever had it confirmed and did not pay leaves it to others for an hour', async () => {
    const pact = open()
    await offer(offerOf(pact))
    await take(pact, second.identity.did)
    // That the seller was silent is no fault of its customer's.
    desk.clock.set(desk.clock.now() + 900 + 120)
    await take(pact, second.identity.did)
    const filled = filledFor(pact, second)
    await offer({ ...offerOf(filled), answers: hashPact(pact) })
    desk.clock.set(filled.timing.fundBy + 3599)
    await assert.rejects(take(pact, second.identity.did), { code: 'offer_taken' })
    desk.clock.set(filled.timing.fundBy + 3600)
    await take(pact, second.identity.did)
  })

  test('error: other terms, another customer, the seller itself, an empty wallet, a fourth claim, the open offer as a pact', async () => {
    const pact = open()
    await offer(offerOf(pact))
    const { did } = desk.buyer.identity
    await assert.rejects(take(pact, did, pact.paymentUsdc - 1n), { code: 'insufficient_funds' })
    await assert.rejects(take(pact, desk.seller.identity.did), { code: 'equal_parties' })
    await assert.rejects(take(pact, stranger.identity.did), { code: 'agent_unknown' })
    const named = lasting(5)
    await offer(offerOf(named))
    await assert.rejects(take(named, did), { code: 'offer_unknown' })
    const answers = hashPact(pact)
    const early = { ...offerOf(filledFor(pact, desk.buyer)), answers }
    assert.deepEqual(await problemOf(await offer(early)), [409, 'offer_taken'])
    await take(pact, did)
    const dearer = { ...filledFor(pact, desk.buyer), taskDescription: `${pact.taskDescription}!` }
    assert.deepEqual(await problemOf(await offer({ ...offerOf(dearer), answers })), [
      422,
      'offer_differs',
    ])
    const foreign = { ...offerOf(filledFor(pact, second)), answers }
    assert.deepEqual(await problemOf(await offer(foreign)), [409, 'offer_taken'])
    const { sellerSignature } = offerOf(pact)
    const asPact = {
      ...offerOf(pact),
      buyerDid: ANYONE.did,
      sellerDid: desk.seller.identity.did,
      buyerSignature: sellerSignature,
    }
    const answer = await send(desk, {
      by: desk.seller,
      method: 'POST',
      path: '/api/v1/pacts',
      body: asPact,
    })
    assert.deepEqual(await problemOf(answer), [422, 'invalid_buyer_signature'])
    const more = [open(), open(), open()]
    for (const each of more) await offer(offerOf(each))
    // It keeps one by now from the test before, whose time is not over, and the one above.
    await desk.oracle.db.updateTable('offer').set({ claim_until: null }).execute()
    for (const each of more) await take(each, did)
    await assert.rejects(take(pact, did), { code: 'too_many_claims' })
  })

  test('the customer that an open offer leaves out is nobody: the key is a hash', () => {
    const digests = Array.from({ length: 4 }, (_, n) =>
      hashBytes(new TextEncoder().encode(`earnest/anyone/${n}`)),
    )
    const [digest] = digests.filter((each) => {
      try {
        return didFromPublicKey(Buffer.from(each, 'hex')) === ANYONE.did
      } catch {
        return false
      }
    })
    assert.equal(digest, digests[3])
    assert.equal(`0x${digests[3]?.slice(-40)}`, ANYONE.wallet)
  })
})
