import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import { type Provider, startProvider, wires } from '../../../../scripts/local/judge/provider.ts'
import { isEmpty, section, verdict } from '../../../../scripts/local/judge/verdict.ts'
import { decode } from '../../../../sdk/src/protocol/decode.ts'
import { packLadder } from '../../../../sdk/src/protocol/ladder.ts'
import { encodePact, type Pact, type PactWire } from '../../../../sdk/src/protocol/pact.ts'
import { recount } from '../../../../sdk/src/protocol/recount.ts'
import { hashVerdict, verdictRecordSchema } from '../../../../sdk/src/protocol/verdict.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  register,
  startGround,
  type World,
} from '../../support/world.ts'

let ground: Ground
let world: World
let providers: Provider[]

/** Judges by the report: what the checks found missing is not paid, and a little of the rest neither. */
const judge = (generous: number) => (heard: Parameters<typeof section>[0]) => {
  if (isEmpty(heard)) return verdict(heard, 0)
  const lost = section(heard, 'verification_report').includes('name (weight 40, path): fail')
    ? 40
    : 0
  return verdict(heard, 100 - lost - 5 + generous)
}

before(async () => {
  ground = await startGround()
  providers = await Promise.all(
    wires.map((wire, seat) => startProvider(wire, judge([5, 5, 15, 0, -5][seat]!))),
  )
  world = await createWorld(ground, { jury: providers.map(({ juror }) => juror) })
  await register(world, world.buyer)
  await register(world, world.seller)
})

after(async () => {
  await world.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await ground.close()
})

async function pass(seconds: number): Promise<void> {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 1 })
  // A job that waits for its time is looked at again by the database's own clock.
  await world.oracle.db
    .updateTable('job')
    .set({ run_at: new Date(0) })
    .execute()
  await world.settle()
}

/** Funds a pact and delivers it without the name that it asks for; its dispute opens by itself. */
async function partial(
  change: Partial<PactWire>,
): Promise<{ pact: Pact; escrowId: `0x${string}` }> {
  const pact = pactOf(world, change)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': '{"greeting":"hello"}' } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  assert.equal((await escrowOf(escrowId)).state, 3)
  return { pact, escrowId }
}

const escrowOf = (id: `0x${string}`) =>
  ground.client.readContract({
    address: ground.deployment.escrow,
    abi: pactEscrowAbi,
    functionName: 'escrowOf',
    args: [id],
  })

const journalOf = (subject: string, action: string) =>
  world.oracle.db
    .selectFrom('journal')
    .select('data')
    .where('subject', '=', subject)
    .where('action', '=', action)
    .execute()

const judges = ['openai', 'anthropic', 'google', 'meta', 'mistral']

describe('sit', () => {
  test('[DSP-16][DSP-17][DSP-19] a partial delivery is heard after the time for evidence, proposed on chain and concluded', async () => {
    const { escrowId } = await partial({
      paymentUsdc: '500',
      disclosure: { committee: false, judges },
    })
    await pass(86_400)
    assert.equal((await escrowOf(escrowId)).state, 5)
    assert.equal(providers[0]!.heard.length, 0)

    await pass(259_200 / 4)
    const proposed = await escrowOf(escrowId)
    assert.equal(proposed.proposed, true)
    // 60, 60, 70, 55, 50 by five equal seats; the checks leave 60 at most.
    assert.equal(proposed.proposedBps, 6000)

    const response = await world.app.request(`/api/v1/disputes/${escrowId}/record`)
    const record = decode(verdictRecordSchema, await response.json(), 'invalid_verdict')
    assert.deepEqual(recount(record).faults, [])
    assert.equal(record.capBps, 6000)
    assert.deepEqual(record.texts, {})
    assert.equal(record.seats.length, 5)
    const [entry] = await journalOf(escrowId, 'jury_heard')
    assert.equal(JSON.parse(entry!.data).recordHash, hashVerdict(record))

    await pass(259_200)
    const ended = await escrowOf(escrowId)
    assert.equal(ended.state, 8)
    await confirm(world)
    const settled = await world.oracle.db
      .selectFrom('settlement')
      .select('receipt')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    const { settlement } = JSON.parse(settled.receipt)
    // 500 at 60 %: 5.00 of arbitration, 297.00 gross less 1.50 of protocol fee, to the base unit.
    assert.equal(settlement.arbitrationFeeUsdc, '5')
    assert.equal(settlement.protocolFeeUsdc, '1.5')
    assert.equal(settlement.sellerUsdc, '295.5')
    assert.equal(settlement.buyerUsdc, '198')
  })

  test('what names a party is not shown to the judges, what was delivered is', async () => {
    const [heard] = providers[0]!.heard.filter(
      (one) => !isEmpty(one) && one.user.includes('greeting'),
    )
    assert.ok(section(heard!, 'deliverable').includes('{"greeting":"hello"}'))
    assert.ok(!heard!.user.includes(world.seller.identity.did))
    assert.ok(!heard!.user.includes(world.buyer.identity.did))
  })

  test('with a ladder the arbiter keeps the proposal, and the oracle finalizes it by itself', async () => {
    const ladder = packLadder({
      juryLimit: 86_400,
      appealWindow: 0,
      committeeLimit: 0,
      moderatorLimit: 0,
      appealBond: 0n,
      pool: 0,
    })
    const pact = pactOf(world)
    const { escrowId } = await partial({
      escrow: { ...encodePact(pact).escrow, ladder },
      disclosure: { committee: false, judges },
    })
    await pass(86_400)
    await pass(86_400 / 4)
    const proposed = await escrowOf(escrowId)
    assert.deepEqual([proposed.proposed, proposed.proposedBps], [true, 6000])
    assert.equal((await escrowOf(escrowId)).state, 8)
  })

  test('[DRV-13] a pact that lets no judge read goes on without the rung, by the evidence', async () => {
    const before = providers.flatMap(({ heard }) => heard).length
    const { escrowId } = await partial({ disclosure: { committee: false, judges: [] } })
    await pass(86_400)
    await pass(259_200 / 4)
    const [entry] = await journalOf(escrowId, 'jury_not_heard')
    assert.equal(JSON.parse(entry!.data).code, 'too_few_seats')
    assert.equal((await escrowOf(escrowId)).proposed, false)
    assert.equal(providers.flatMap(({ heard }) => heard).length, before)
    await pass(259_200)
    assert.equal((await escrowOf(escrowId)).state, 8)
  })
})
