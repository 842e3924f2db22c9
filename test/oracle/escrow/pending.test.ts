import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hashPact, type Pact } from '@earnest/sdk/protocol'
import { assemblePackage } from '../../../oracle/src/settlement/package.ts'
import {
  agree,
  call,
  confirm,
  createWorld,
  fund,
  fundingOf,
  type Ground,
  moveTo,
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
  await world.close()
  await ground.close()
})

const pathOf = (pact: Pact) => `/api/v1/pacts/${hashPact(pact)}`
const statusOf = async (pact: Pact) =>
  ((await (await world.app.request(pathOf(pact))).json()) as { status: string }).status
const cancel = (pact: Pact, by: typeof world.seller) =>
  send(world, { by, method: 'POST', path: `${pathOf(pact)}/cancellation`, body: { reason: '' } })
const told = async (type: string, subject: string) =>
  (
    await world.oracle.db
      .selectFrom('journal')
      .select('seq')
      .where('action', '=', type)
      .where('subject', '=', subject)
      .execute()
  ).length

async function pass(seconds: number): Promise<void> {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
}

test('[TRZ-01] a pending offer is left by the buyer’s funding or the seller’s cancel, by those roles only', async () => {
  const offer = pactOf(world)
  await agree(world, offer)
  assert.equal(await statusOf(offer), 'registered')
  const stranger = party(99)
  await register(world, stranger)
  for (const by of [world.buyer, stranger]) {
    assert.deepEqual(await problemOf(await cancel(offer, by)), [403, 'signer_not_party'])
  }
  assert.equal(await statusOf(offer), 'registered')
  assert.equal((await cancel(offer, world.seller)).status, 200)
  assert.equal(await statusOf(offer), 'cancelled')

  const accepted = pactOf(world)
  await agree(world, accepted)
  await fund(world, accepted)
  await confirm(world)
  assert.equal(await statusOf(accepted), 'funded')
  assert.deepEqual(await problemOf(await cancel(accepted, world.seller)), [409, 'already_funded'])
  assert.equal(await statusOf(accepted), 'funded')
})

test('[TRZ-02] an offer that is accepted without the money stays pending', async () => {
  const offer = pactOf(world, { paymentUsdc: '900000' })
  await agree(world, offer)
  const body = { data: await fundingOf(world, offer) }
  const relay = { by: world.buyer, method: 'POST', path: '/api/v1/relay', body } as const
  assert.equal((await send(world, relay)).status, 422)
  await confirm(world)
  assert.equal(await statusOf(offer), 'registered')
  assert.equal((await cancel(offer, world.seller)).status, 200)
})

test('[W-4b] [REP-08] a seller that falls silent is flagged at once, and the deadline refunds without any grace', async () => {
  const now = world.oracle.clock.now()
  const iso = (at: number) => new Date(at * 1000).toISOString().replace('.000', '')
  const pact = pactOf(world, { deadlineUtc: iso(now + 7200) })
  await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const { did } = world.seller.identity
  await call(world, {
    by: world.seller,
    method: 'POST',
    path: `/api/v1/agents/${encodeURIComponent(did)}/heartbeats`,
    body: { at: iso(world.oracle.clock.now()), escrowIds: [] },
  })
  await pass(600)
  assert.equal(await told('seller_unreachable', did), 0)
  await pass(400)
  assert.ok((await told('seller_unreachable', did)) > 0)
  assert.equal(await statusOf(pact), 'funded')

  // The oracle goes by the next block's time, and the chain's clock runs while it looks.
  await moveTo(world, now + 7180)
  assert.equal(await statusOf(pact), 'funded')
  await moveTo(world, now + 7200)
  await confirm(world)
  await world.settle()
  assert.equal(await statusOf(pact), 'failed')
})

test('[ESC-11] evidence stands on terms that hash to the chain’s pact, or it is refused', async () => {
  const pact = pactOf(world)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const context = world.oracle
  const packageHash = await assemblePackage(context, { escrowId, round: 0 })
  assert.match(packageHash ?? '', /^[0-9a-f]{64}$/)

  const pactId = hashPact(pact)
  const { signed_pact: before } = await world.oracle.db
    .selectFrom('pact')
    .select('signed_pact')
    .where('pact_id', '=', pactId)
    .executeTakeFirstOrThrow()
  const forged = before.replace(pact.taskDescription, `${pact.taskDescription} for free`)
  assert.notEqual(forged, before)
  await world.oracle.db
    .updateTable('pact')
    .set({ signed_pact: forged })
    .where('pact_id', '=', pactId)
    .execute()
  await assert.rejects(assemblePackage(context, { escrowId, round: 0 }), { code: 'pact_mismatch' })
})
