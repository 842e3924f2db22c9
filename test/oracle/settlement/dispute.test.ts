import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type Claim,
  claimSchema,
  type Defence,
  defenceSchema,
  encode,
  encodePact,
  hashBody,
  hashBytes,
  hashPact,
  type Pact,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { catchUp, readEscrow } from '../../../oracle/src/escrow/fold.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
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

async function delivered(text: string, review = 3600): Promise<{ pact: Pact; id: Hex }> {
  const base = pactOf(world)
  const windows = { ...base.timing.windows, review }
  const pact = { ...base, timing: { ...base.timing, windows } }
  const id = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': text } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  return { pact, id }
}

const complete = '{"greeting":"hello","name":"world"}'

function claimOf({ pact, id }: { pact: Pact; id: Hex }, by: Party, change: Partial<Claim> = {}) {
  const body: Claim = {
    escrowId: id,
    pactId: hashPact(pact),
    round: 1,
    disputedBy: by.identity.did,
    reason: 'scope_violation',
    claim: 'The name is not a name',
    evidence: [],
    claimedAt: world.oracle.clock.now(),
    nonce: crypto.randomUUID(),
    ...change,
  }
  const wire = encode(claimSchema, body, 'invalid_claim')
  return { body: wire, signature: by.identity.sign({ type: 'claim', body: wire }) }
}

const file = (by: Party, body: unknown) =>
  send(world, { by, method: 'POST', path: '/api/v1/disputes', body })

/** The oracle's time; its timers stay as they are. */
async function moveTo(timestamp: number): Promise<void> {
  await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
  await world.syncClock()
}

async function reviewEnd(id: Hex): Promise<number> {
  const response = await world.app.request(`/api/v1/escrows/${id}`)
  const { timerEnd } = (await response.json()) as { timerEnd: string }
  return Date.parse(timerEnd) / 1000
}

const threeDays = 72 * 3600

test('[DSP-01] buyer and seller file until 72 hours are over, others never', async () => {
  const first = await delivered(complete, threeDays)
  const second = await delivered(complete, threeDays)
  const stranger = party(77)
  assert.deepEqual(await problemOf(await file(stranger, claimOf(first, stranger))), [
    403,
    'signer_not_party',
  ])
  await moveTo((await reviewEnd(first.id)) - 1)
  assert.equal((await file(world.buyer, claimOf(first, world.buyer))).status, 201)
  assert.equal((await file(world.seller, claimOf(second, world.seller))).status, 201)
  await world.settle()

  const third = await delivered(complete, threeDays)
  const end = await reviewEnd(third.id)
  for (const late of [end, end + 1]) {
    await moveTo(late)
    for (const who of [world.buyer, world.seller]) {
      const refused = await file(who, claimOf(third, who))
      assert.deepEqual(await problemOf(refused), [409, 'review_window_over'])
    }
  }
  await world.settle()
})

test('[DSP-02] [DSP-03] a claim has a typed reason, and evidence that does not match the record is marked', async () => {
  const trade = await delivered(complete)
  const { body, signature } = claimOf(trade, world.buyer)
  const odd = await file(world.buyer, { body: { ...body, reason: 'bad_mood' }, signature })
  assert.deepEqual(await problemOf(odd), [422, 'invalid_request'])
  const forged = await file(world.buyer, { body: { ...body, claim: 'Other words' }, signature })
  assert.deepEqual(await problemOf(forged), [422, 'invalid_claim_signature'])

  const terms = encodePact(trade.pact)
  const sha256 = hashPact(trade.pact)
  const mine = claimOf(trade, world.buyer, {
    evidence: [
      { type: 'pact_terms', content: terms, sha256 },
      { type: 'pact_terms', content: { ...terms, paymentUsdc: '1' }, sha256: 'ab'.repeat(32) },
      { type: 'deliverable', content: 'result.json', sha256: hashBytes(Buffer.from(complete)) },
      { type: 'deliverable', content: 'result.json', sha256: 'cd'.repeat(32) },
      { type: 'specific_claim', content: 'The name is not a name' },
    ],
  })
  const answer = await file(world.buyer, mine)
  assert.equal(answer.status, 201)
  const { evidence, claims } = (await answer.json()) as {
    evidence: { sha256: string; verified: boolean }[]
    claims: { by: string; reason: string }[]
  }
  assert.deepEqual(
    claims.map(({ by, reason }) => [by, reason]),
    [[world.buyer.identity.did, 'scope_violation']],
  )
  const verified = new Map(evidence.map((one) => [one.sha256, one.verified]))
  assert.deepEqual(
    [sha256, 'ab'.repeat(32), hashBytes(Buffer.from(complete)), 'cd'.repeat(32)].map((hash) =>
      verified.get(hash),
    ),
    [true, false, true, false],
  )
  assert.equal(evidence.length, 5)
})

test('[ESC-11] a dispute has its evidence package, whose terms hash to what stands on chain', async () => {
  const trade = await delivered('{"greeting":"hello"}')
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
  const trade = await delivered('{"greeting":"hello"}')
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
  await db.transaction().execute((tx) => catchUp(tx, [trade.id]))
  assert.deepEqual(await waiting(), [{ queue: 'dispute' }])
  await world.settle()
})

function defenceOf({ pact, id }: { pact: Pact; id: Hex }) {
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
