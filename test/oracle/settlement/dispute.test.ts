import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type Claim,
  type Defence,
  defenceSchema,
  encode,
  encodePact,
  hashBody,
  hashBytes,
  hashPact,
  windowsOf,
} from '@earnest/sdk/protocol'
import { catchUp, deliveriesOf, readEscrow } from '../../../oracle/src/escrow/fold.ts'
import { present } from '../../../oracle/src/settlement/jury/present.ts'
import { assemblePackage } from '../../../oracle/src/settlement/package.ts'
import { claimOf, complete, delivered, type Trade } from '../support/trade.ts'
import {
  createWorld,
  type Ground,
  type Party,
  pactOf,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'

let ground: Ground
let world: World

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  await register(world, world.buyer)
  await register(world, world.seller)
})
after(async () => {
  await world?.close()
  await ground?.close()
})

const file = (by: Party, body: unknown) =>
  send(world, { by, method: 'POST', path: '/api/v1/disputes', body })

/** The oracle's time; its timers stay as they are. */
async function moveTo(timestamp: number): Promise<void> {
  await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
  await world.syncClock()
}

test('[DSP-01] either party may dispute until 72 hours after the completion, to the last second; nobody else, and nobody later', async () => {
  const amount = 5_000_000_000n
  // What the published profile gives a pact of this size.
  const windows = windowsOf({ profile: 'agent', amount })
  assert.equal(windows.review, 72 * 3600)
  const large = () => {
    const base = pactOf(world)
    return { ...base, paymentUsdc: amount, timing: { ...base.timing, windows } }
  }
  const endOf = async ({ id }: Trade) => {
    const [submitted] = await deliveriesOf(world.oracle.db, id)
    assert.ok(submitted)
    const { timerEnd } = (await (await world.app.request(`/api/v1/escrows/${id}`)).json()) as {
      timerEnd: string
    }
    assert.equal(Date.parse(timerEnd) / 1000, submitted.at + 72 * 3600)
    return submitted.at + 72 * 3600
  }
  const trade = await delivered(world, complete, large())
  const end = await endOf(trade)
  await moveTo(end - 1)
  const stranger = party(77)
  const claims = (by: Party) => file(by, claimOf(world, trade, { by }))
  assert.deepEqual(await problemOf(await claims(stranger)), [403, 'signer_not_party'])
  // Whoever speaks in another's name is no party either.
  const posed = claimOf(world, trade, { by: stranger, disputedBy: world.buyer.identity.did })
  assert.deepEqual(await problemOf(await file(stranger, posed)), [403, 'signer_not_party'])
  for (const by of [world.buyer, world.seller]) assert.equal((await claims(by)).status, 201)
  await world.settle()

  const late = await delivered(world, complete, large())
  const over = await endOf(late)
  for (const second of [over, over + 1]) {
    await moveTo(second)
    for (const by of [world.buyer, world.seller]) {
      const refused = await file(by, claimOf(world, late, { by }))
      assert.deepEqual(await problemOf(refused), [409, 'review_window_over'])
    }
  }
  const { claims: none } = await world.oracle.db
    .selectFrom('claim')
    .select((eb) => eb.fn.countAll<number>().as('claims'))
    .where('escrow_id', '=', late.id)
    .executeTakeFirstOrThrow()
  assert.equal(none, 0)
  await world.settle()
})

test('[DSP-02] [DSP-03] a claim has a typed reason and evidence of three kinds; what does not match the record is marked, for the public and for the judges', async () => {
  const trade = await delivered(world, complete)
  const by = world.buyer
  const { body, signature } = claimOf(world, trade, { by })
  const piece = { type: 'specific_claim', content: 'x' }
  const { reason: _, ...unreasoned } = body as Record<string, unknown>
  const misshapen = [
    { ...body, reason: 'bad_mood' },
    unreasoned,
    { ...body, claim: '' },
    { ...body, disputedBy: 'somebody' },
    { ...body, evidence: [{ ...piece, type: 'rumour' }] },
    { ...body, evidence: [{ ...piece, sha256: 'no hash' }] },
    { ...body, evidence: [{ type: 'deliverable', sha256: 'ab'.repeat(32) }] },
    { ...body, evidence: [{ ...piece, weight: 1 }] },
  ]
  for (const wrong of misshapen) {
    const refused = await file(by, { body: wrong, signature })
    assert.deepEqual(await problemOf(refused), [422, 'invalid_request'], JSON.stringify(wrong))
  }
  const forged = await file(by, { body: { ...body, claim: 'Other words' }, signature })
  assert.deepEqual(await problemOf(forged), [422, 'invalid_claim_signature'])

  const terms = encodePact(trade.pact)
  const sha256 = hashPact(trade.pact)
  const delivery = hashBytes(Buffer.from(complete))
  const words = { words: 'The name is not a name' }
  const evidence: [Claim['evidence'][number], boolean][] = [
    [{ type: 'pact_terms', content: terms, sha256 }, true],
    [
      { type: 'pact_terms', content: { ...terms, paymentUsdc: '1' }, sha256: 'ab'.repeat(32) },
      false,
    ],
    [{ type: 'deliverable', content: 'result.json', sha256: delivery }, true],
    [{ type: 'deliverable', content: 'result.json', sha256: 'cd'.repeat(32) }, false],
    [{ type: 'specific_claim', content: words, sha256: hashBody(words) }, true],
    [{ type: 'specific_claim', content: words, sha256: 'ef'.repeat(32) }, false],
  ]
  const mine = claimOf(world, trade, { by, evidence: evidence.map(([one]) => one) })
  const answer = await file(by, mine)
  assert.equal(answer.status, 201)
  const { claims } = (await answer.json()) as { claims: { by: string; reason: string }[] }
  assert.deepEqual(
    claims.map((one) => [one.by, one.reason]),
    [[by.identity.did, 'scope_violation']],
  )
  const wanted = new Map(evidence.map(([one, verified]) => [one.sha256, verified]))
  const marked = (pieces: { sha256: string; verified: boolean }[]) =>
    new Map(pieces.map((one) => [one.sha256, one.verified]))
  const record = await world.app.request(`/api/v1/disputes/${trade.id}`)
  const told = (await record.json()) as { evidence: { sha256: string; verified: boolean }[] }
  assert.deepEqual(new Map([...marked(told.evidence)].sort()), new Map([...wanted].sort()))

  const { blobs } = world.oracle
  const packageHash = await assemblePackage(world.oracle, { escrowId: trade.id, round: 1 })
  const blob = await blobs.find(packageHash ?? '')
  assert.ok(blob)
  const shown = await present(await blobs.readWhole(blob.id), async () => new Uint8Array())
  assert.equal(shown.claim.split('unverified: its hash does not match the record').length - 1, 3)
})

test('[ESC-11] a dispute has its evidence package, whose terms hash to what stands on chain', async () => {
  const trade = await delivered(world, '{"greeting":"hello"}')
  await world.settle()
  const record = (await (await world.app.request(`/api/v1/disputes/${trade.id}`)).json()) as {
    packageHash: string
    state: string
  }
  assert.equal(record.state, 'Disputed')
  const { db, blobs } = world.oracle
  const blob = await blobs.find(record.packageHash)
  assert.ok(blob)
  const bytes = await blobs.readWhole(blob.id)
  const contents = JSON.parse(new TextDecoder().decode(bytes)) as { pact: object }
  assert.equal(hashBody(contents), record.packageHash)
  const state = await readEscrow(db, trade.id)
  assert.equal(`0x${hashBody(contents.pact)}`, state?.terms.pactHash)

  const { body, signature } = defenceOf(trade)
  const path = `/api/v1/disputes/${trade.id}/defence`
  const defended = await send(world, {
    by: world.seller,
    method: 'POST',
    path,
    body: { body, signature },
  })
  assert.equal(defended.status, 201)
  const twice = defenceOf(trade)
  const again = await send(world, { by: world.seller, method: 'POST', path, body: twice })
  assert.deepEqual(await problemOf(again), [409, 'defence_exists'])
})

test('what the chain asked for before the pact was registered is taken up by the registration', async () => {
  const trade = await delivered(world, '{"greeting":"hello"}')
  await world.settle()
  const { db } = world.oracle
  const waiting = () =>
    db
      .selectFrom('job')
      .select('queue')
      .where('queue', '=', 'dispute')
      .where('key', 'like', `${trade.id}/%`)
      .execute()
  assert.deepEqual(await waiting(), [])
  const { body } = await db
    .selectFrom('escrow')
    .select('body')
    .where('escrow_id', '=', trade.id)
    .executeTakeFirstOrThrow()
  await db.transaction().execute((tx) => catchUp(tx, [body]))
  assert.deepEqual(await waiting(), [{ queue: 'dispute' }])
  await world.settle()
})

function defenceOf({ pact, id }: Trade) {
  const body: Defence = {
    escrowId: id,
    pactId: hashPact(pact),
    defendedBy: world.seller.identity.did,
    explanation: 'A greeting needs no name',
    evidence: [],
    defendedAt: world.oracle.clock.now(),
    nonce: crypto.randomUUID(),
  }
  const wire = encode(defenceSchema, body, 'invalid_defence')
  return { body: wire, signature: world.seller.identity.sign({ type: 'defence', body: wire }) }
}
