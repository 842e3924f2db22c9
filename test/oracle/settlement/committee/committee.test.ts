import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pactArbiterAbi } from '@earnest/contracts'
import { escrowIdOfPact, packLadder, termsFromPact } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { fundGas } from '../../../../scripts/local/chain.ts'
import { type Provider, startProvider, wires } from '../../../../scripts/local/judge/provider.ts'
import { isEmpty, verdict } from '../../../../scripts/local/judge/verdict.ts'
import { mintUsdc } from '../../../../scripts/local/usdc.ts'
import { advance } from '../../../../sdk/src/escrow/advance.ts'
import { appeal, withdrawAppealBond } from '../../../../sdk/src/escrow/appeal.ts'
import { escrowOfPact } from '../../../../sdk/src/escrow/client.ts'
import { strike } from '../../../../sdk/src/escrow/strike.ts'
import { createMemoryStore } from '../../../../sdk/src/memoryStore.ts'
import { encodePact, type Pact } from '../../../../sdk/src/protocol/pact.ts'
import { escrowOf, judges, pass } from '../../support/court.ts'
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
import { oracleOf, SEEDS, type Sitter, seat, seatBench, walletOf } from './bench.ts'

const HOUR = 3600
/** Phases of the panel are a fifth of its limit. */
const PHASE = 720

let ground: Ground
let world: World
let sitters: Sitter[]
let providers: Provider[]

before(async () => {
  ground = await startGround()
  providers = await Promise.all(
    wires.map((wire) => startProvider(wire, (heard) => verdict(heard, isEmpty(heard) ? 0 : 60))),
  )
  const jury = providers.map(({ juror }) => juror)
  world = await createWorld(ground, { jury, seeds: SEEDS })
  await register(world, world.buyer)
  await register(world, world.seller)
  for (const { wallet } of [world.buyer, world.seller]) await fundGas(ground.client, wallet.address)
  sitters = await seatBench(world, { count: 24, policy: () => 2_000 })
  await pass(world, 61)
  await pass(world, 61)
})

after(async () => {
  await world.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await ground.close()
})

/** A delivery without the name that was asked for, up to the jury's proposal of 60 %. */
async function proposed(): Promise<Pact> {
  const ladder = packLadder({
    juryLimit: HOUR,
    appealWindow: HOUR,
    committeeLimit: HOUR,
    moderatorLimit: 0,
    appealBond: 5_000_000n,
    pool: 1,
  })
  const plain = pactOf(world)
  const pact = pactOf(world, {
    paymentUsdc: '500',
    escrow: { ...encodePact(plain).escrow, ladder },
    disclosure: { committee: true, judges },
  })
  await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': '{"greeting":"hello"}' } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  await pass(world, 86_400)
  await pass(world, HOUR / 4)
  assert.deepEqual(await standing(pact), [5, true, 6000])
  return pact
}

async function standing(pact: Pact) {
  const { state, proposed: stands, proposedBps } = await escrowOf(world, escrowIdOfPact({ pact }))
  return [state, stands, proposedBps]
}

async function appealAs(who: World['buyer'], pact: Pact): Promise<void> {
  const { token } = ground.deployment
  await mintUsdc(ground.client, { token, to: who.wallet.address, amount: 5_000_000n })
  await appeal(walletOf(ground, who.wallet), { escrow: escrowOfPact({ pact }), token })
}

const docketOf = (pact: Pact) =>
  oracleOf(world, world.buyer).call('getDocket', {
    params: { escrowId: escrowIdOfPact({ pact }) },
  })

const sitterOf = (address: Hex) =>
  sitters.find(({ wallet }) => wallet.address.toLowerCase() === address.toLowerCase())!

const creditOf = async (address: Hex) => (await sitterOf(address).member.account()).credit

/** Seats of the open panel, in their order. */
async function seated(pact: Pact): Promise<Hex[]> {
  const { panels } = await docketOf(pact)
  return panels
    .at(-1)!
    .drawn.filter((each) => each.seat !== null)
    .sort((a, b) => a.seat! - b.seat!)
    .map(({ member }) => member)
}

describe('committee', () => {
  test('[TAP-11][TAP-12][TAP-13][TAP-04] an appeal is drawn, struck, voted and executed on chain, paid to the base unit, and who stayed away pays', async () => {
    const pact = await proposed()
    const escrowId = escrowIdOfPact({ pact })
    await appealAs(world.buyer, pact)
    await world.settle()

    await ground.client.mine({ blocks: 66 })
    await world.settle()
    const drawn = (await docketOf(pact)).panels[0]!
    assert.equal(drawn.phase, 'strike')
    assert.equal(new Set(drawn.drawn.map(({ member }) => member)).size, 14)
    const { agents } = await world.oracle.db
      .selectFrom('event')
      .select('agents')
      .where('type', '=', 'panel_drawn')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    for (const { member } of drawn.drawn) assert.ok(agents.includes(sitterOf(member).identity.did))

    const first = drawn.drawn[0]!.member
    await strike(walletOf(ground, world.seller.wallet), {
      escrow: escrowOfPact({ pact }),
      member: first,
      reason: 'frequent_counterparty',
      evidenceHash: `0x${'ab'.repeat(32)}`,
    })
    await pass(world, PHASE)
    const seats = await seated(pact)
    assert.equal(seats.length, 7)
    assert.ok(!seats.includes(first))
    assert.equal(
      (await docketOf(pact)).panels[0]!.drawn[0]!.struck?.reason,
      'frequent_counterparty',
    )

    // Only the drawn ones may read, and only where the pact lets its committee.
    const [reader] = seats
    const read = await oracleOf(world, sitterOf(reader!)).call('getPackage', {
      params: { escrowId },
    })
    assert.equal(read.packageHash.length, 64)
    const stranger = sitters.find(
      ({ wallet }) => !drawn.drawn.some(({ member }) => member === wallet.address),
    )!
    await assert.rejects(oracleOf(world, stranger).call('getPackage', { params: { escrowId } }), {
      code: 'signer_not_party',
    })

    const { grants } = await oracleOf(world, sitterOf(reader!)).call('grantArtifacts', {
      params: { escrowId },
    })
    assert.equal(grants[0]?.signed?.to, sitterOf(reader!).identity.did)
    await assert.rejects(
      oracleOf(world, stranger).call('grantArtifacts', { params: { escrowId } }),
      { code: 'signer_not_party' },
    )

    // Six commit; the seventh stays away.
    const before = await Promise.all(seats.map(creditOf))
    const present = seats.slice(0, 6)
    for (const member of present) {
      const acts = await sitterOf(member).member.work()
      assert.deepEqual(
        acts.map(({ act }) => act),
        ['committed'],
      )
    }
    await pass(world, PHASE)
    for (const member of present) {
      const acts = await sitterOf(member).member.work()
      assert.deepEqual(
        acts.map(({ act }) => act),
        ['revealed'],
      )
    }
    await pass(world, PHASE)
    await confirm(world)
    await confirm(world)
    const ended = await escrowOf(world, escrowIdOfPact({ pact }))
    assert.equal(ended.state, 8)
    const docket = await docketOf(pact)
    assert.deepEqual(docket.decision, {
      sellerBps: 2000,
      recordHash: docket.panels[0]!.recordHash,
      executed: true,
    })
    assert.equal(docket.appeal?.won, true)

    // 500 at 20 %: the fee of 5.00 and the stake of the absent, 25.00, go to the six.
    const paid = await Promise.all(present.map(creditOf))
    for (const [i, credit] of paid.entries()) {
      assert.equal(credit - before[i]!, 5_000_000n / 6n + 25_000_000n / 6n)
    }
    const absent = await sitterOf(seats[6]!).member.account()
    assert.equal(absent.stake, 225_000_000n)
    const settlement = await world.oracle.db
      .selectFrom('settlement')
      .select('receipt')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    const receipt = JSON.parse(settlement.receipt).settlement
    assert.deepEqual(
      [receipt.sellerUsdc, receipt.buyerUsdc, receipt.protocolFeeUsdc, receipt.arbitrationFeeUsdc],
      ['98.5', '396', '0.5', '5'],
    )
    // The bond came back in full.
    await withdrawAppealBond(walletOf(ground, world.buyer.wallet), {
      escrow: escrowOfPact({ pact }),
      to: world.buyer.wallet.address,
    })

    // Who came and who did not is on record, and so is the seller's loss.
    const served = await world.oracle.db
      .selectFrom('journal')
      .select('data')
      .where('action', '=', 'seat_served')
      .execute()
    assert.equal(served.length, 7)
    assert.equal(served.filter(({ data }) => JSON.parse(data).came).length, 6)
    const seller = await oracleOf(world, world.buyer).call('explainTrust', {
      params: { id: world.seller.identity.did },
    })
    assert.ok(JSON.stringify(seller).includes(escrowId))
  })

  test('[UNS-13] the arbiter’s record says how fast it was, how competent and how even-handed', async () => {
    const arbiter = ground.deployment.arbiter
    const statistics = await oracleOf(world, world.buyer).call('getArbiter', {
      params: { arbiter },
    })
    assert.equal(statistics.committee.cases, 1)
    assert.equal(statistics.committee.domainMatch, 1)
    assert.equal(statistics.committee.overturned, 1)
    assert.ok(statistics.committee.latency.p50! > HOUR / 4)
    assert.ok(statistics.committee.latency.p50! < 4 * HOUR)
    // The checks gave 60 %, the committee 20 %.
    assert.equal(statistics.committee.bias.all.mean, -40)
    assert.equal(statistics.judges.length, 5)
  })

  test('[DRV-13][TAP-03] with no oracle anyone draws and executes; below the quorum the jury’s word stands and the bond returns', async () => {
    const pact = await proposed()
    const escrow = escrowOfPact({ pact })
    await appealAs(world.seller, pact)
    const { members: pool } = await oracleOf(world, world.buyer).call('getPool', {
      params: { number: 1 },
    })
    const anybody = walletOf(ground, sitters[23]!.wallet)
    assert.equal(await advance(anybody, { escrow }), null)
    await ground.client.mine({ blocks: 66 })
    await assert.rejects(advance(anybody, { escrow }), { code: 'pool_unknown' })
    await assert.rejects(advance(anybody, { escrow, pool: pool.slice(1) }), {
      code: 'invalid_pool',
    })
    assert.equal((await advance(anybody, { escrow, pool }))?.verb, 'draw')
    assert.equal(await advance(anybody, { escrow, pool }), null)
    await ground.client.increaseTime({ seconds: 3 * PHASE })
    await ground.client.mine({ blocks: 1 })
    assert.equal((await advance(anybody, { escrow }))?.verb, 'execute')
    assert.equal(await advance(anybody, { escrow }), null)
    assert.equal((await escrowOf(world, escrowIdOfPact({ pact }))).state, 8)
    const bond = await ground.client.readContract({
      address: ground.deployment.arbiter,
      abi: pactArbiterAbi,
      functionName: 'creditOf',
      args: [world.seller.wallet.address],
    })
    assert.equal(bond, 5_000_000n)
    // The oracle comes back and finds what was done without it.
    await confirm(world)
    const docket = await docketOf(pact)
    assert.equal(docket.decision?.sellerBps, 6000)
    assert.equal(docket.panels[0]?.decided, false)
  })

  test('a proposal that nobody appeals is finalized by the oracle once its window is over', async () => {
    const pact = await proposed()
    await pass(world, HOUR - 60)
    assert.equal((await escrowOf(world, escrowIdOfPact({ pact }))).state, 5)
    await pass(world, 60)
    assert.equal((await escrowOf(world, escrowIdOfPact({ pact }))).state, 8)
    const [terms] = [termsFromPact({ pact })]
    assert.equal(terms.arbiter.toLowerCase(), ground.deployment.arbiter.toLowerCase())
    assert.equal((await docketOf(pact)).decision?.sellerBps, 6000)
  })

  test('[DSP-23][DSP-24] the parties read every prompt and answer, the public their hashes, strangers nothing', async () => {
    // The newest was never appealed: no member is drawn for it, so none may read.
    const [row] = await world.oracle.db
      .selectFrom('verdict')
      .select('escrow_id')
      .orderBy('at', 'desc')
      .execute()
    const params = { escrowId: row!.escrow_id as Hex }
    const full = await oracleOf(world, world.seller).call('getFullRecord', { params })
    const open = await oracleOf(world, world.buyer).call('getRecord', { params })
    for (const { promptHash, answerHash } of full.seats.flatMap(({ calls }) => calls)) {
      assert.ok(full.texts[promptHash]?.includes('impartial arbitrator'))
      assert.ok(full.texts[answerHash]?.includes('releasePercentage'))
    }
    assert.deepEqual(open.texts, {})
    assert.deepEqual({ ...full, texts: {} }, open)
    await assert.rejects(oracleOf(world, sitters[0]!).call('getFullRecord', { params }), {
      code: 'signer_not_party',
    })
  })

  test('a member that dies between commitment and reveal goes on from its store; one that lost it cannot', async () => {
    const pact = await proposed()
    await appealAs(world.buyer, pact)
    await ground.client.mine({ blocks: 66 })
    await world.settle()
    await pass(world, PHASE)
    const [survivor, loser] = (await seated(pact)).map(sitterOf) as [Sitter, Sitter]
    for (const { member } of [survivor, loser]) await member.work()
    await pass(world, PHASE)
    const policy = () => assert.fail('it voted before')
    const reborn = seat(world, survivor, { policy, store: survivor.store })
    assert.deepEqual(
      (await reborn.member.work()).map(({ act }) => act),
      ['revealed'],
    )
    const empty = seat(world, loser, { policy, store: createMemoryStore() })
    const [failed] = await empty.member.work()
    assert.ok(failed?.act === 'failed' && failed.code === 'ballot_lost')
  })
})
