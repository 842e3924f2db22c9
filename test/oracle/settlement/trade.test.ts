import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  decode,
  encodePact,
  escrowIdOfPact,
  hashPact,
  manifestSchema,
  publicKeyFromDid,
  reportSchema,
  verifyBody,
} from '@earnest/sdk/protocol'
import { recomputeReport } from '../../../oracle/src/settlement/verify/recompute.ts'
import { fundGas } from '../../../scripts/local/chain.ts'
import { mintUsdc, usdcAbi } from '../../../scripts/local/usdc.ts'
import { escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { dispute } from '../../../sdk/src/escrow/dispute.ts'
import { walletOf } from '../../sdk/support/market.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  fundingOf,
  type Ground,
  moveTo,
  pactOf,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'

const work = '{"greeting":"hello","name":"world"}'

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

const balanceOf = (owner: `0x${string}`) =>
  ground.client.readContract({
    address: ground.deployment.token,
    abi: usdcAbi,
    functionName: 'balanceOf',
    args: [owner],
  })

const get = async <T>(path: string): Promise<T> => {
  const response = await world.app.request(path)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as T
}

test('[SET-08] [SET-10] [UNS-07] a delivery that passes is released without the buyer', async () => {
  const pact = pactOf(world)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const escrow = await get<{ state: string; final: boolean }>(`/api/v1/escrows/${escrowId}`)
  assert.deepEqual([escrow.state, escrow.final], ['Funded', true])

  const proof = await completionOf(world, pact, {
    files: { 'result.json': work },
  })
  const receipt = await call<{ result: string }>(world, {
    by: world.seller,
    method: 'POST',
    path: '/api/v1/completions',
    body: proof,
  })
  assert.equal(receipt.result, 'PASS')
  await world.settle()
  const delivered = await get<{ state: string; result: string }>(`/api/v1/escrows/${escrowId}`)
  assert.deepEqual([delivered.state, delivered.result], ['Delivered', 'PASS'])

  const before = await balanceOf(world.seller.wallet.address)
  await ground.client.increaseTime({ seconds: 3601 })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
  await confirm(world)
  const record = await get<{ status: string }>(`/api/v1/pacts/${hashPact(pact)}`)
  assert.equal(record.status, 'fulfilled')

  // Anybody who holds the file computes the same report, byte for byte.
  const report = decode(reportSchema, await get(`/api/v1/escrows/${escrowId}/report`), 'invalid')
  const manifest = decode(
    manifestSchema,
    await get(`/api/v1/escrows/${escrowId}/manifest`),
    'invalid',
  )
  await recomputeReport(report, {
    pact,
    manifest,
    openFile: async function* () {
      yield new TextEncoder().encode(work)
    },
    readDeposit: async () => null,
    examiner: world.oracle.examiner,
  })

  // Both agents have the record, and it verifies without the oracle.
  for (const { identity } of [world.buyer, world.seller]) {
    const did = encodeURIComponent(identity.did)
    const page = await get<{ attestations: Record<string, unknown>[] }>(
      `/api/v1/trust/${did}/attestations`,
    )
    const found = page.attestations.find(
      ({ settlement }) => (settlement as { escrowId: string }).escrowId === escrowId,
    )
    assert.ok(found)
    const of = (id: string) => get(`/api/v1/trust/${did}/attestations?escrowId=${id}`)
    assert.deepEqual(await of(escrowId), { attestations: [found], cursor: null })
    assert.deepEqual(await of(`0x${'0'.repeat(64)}`), { attestations: [], cursor: null })
    const { signature, ...body } = found
    const publicKey = publicKeyFromDid(world.oracle.signer.did)
    assert.ok(verifyBody({ type: 'attestation', body, signature: String(signature), publicKey }))
  }
  assert.equal((await balanceOf(world.seller.wallet.address)) - before, 49_750_000n)
})

test('[ATK-05] a buyer that is silent for 72 hours after a PASS has paid: nobody needs its hand', async () => {
  const windows = { review: 72 * 3600, response: 86_400, negotiation: 86_400, arbitration: 259_200 }
  const { timing } = encodePact(pactOf(world))
  const pact = pactOf(world, { timing: { ...timing, windows } })
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': work } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  const stateOf = async () => (await get<{ state: string }>(`/api/v1/escrows/${escrowId}`)).state
  assert.equal(await stateOf(), 'Delivered')

  const before = await balanceOf(world.seller.wallet.address)
  const { timerEnd } = await get<{ timerEnd: string }>(`/api/v1/escrows/${escrowId}`)
  const end = Date.parse(timerEnd) / 1000
  // A second before the end of the window it is still the buyer's to object.
  await moveTo(world, end - 1)
  assert.equal(await stateOf(), 'Delivered')
  await moveTo(world, end)
  await confirm(world)
  assert.equal(await stateOf(), 'Completed')
  assert.equal((await balanceOf(world.seller.wallet.address)) - before, 49_750_000n)
})

test('[ESC-09] [REP-01] [REP-02] nothing delivered: the keeper gives everything back at the deadline, both are told, and the seller loses 8 and 5 points', async () => {
  const pact = pactOf(world)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const before = await balanceOf(world.buyer.wallet.address)

  await moveTo(world, pact.deadlineUtc - 1)
  const waiting = await get<{ state: string }>(`/api/v1/escrows/${escrowId}`)
  assert.equal(waiting.state, 'Funded')

  await moveTo(world, pact.deadlineUtc)
  const record = await get<{ status: string; reason: string }>(`/api/v1/pacts/${hashPact(pact)}`)
  assert.deepEqual([record.status, record.reason], ['failed', 'deadline_exceeded'])
  assert.equal((await balanceOf(world.buyer.wallet.address)) - before, pact.paymentUsdc)
  assert.equal(escrowId, escrowIdOfPact({ pact }))

  await confirm(world)
  const told = await world.oracle.db
    .selectFrom('event')
    .select('agents')
    .where('escrow_id', '=', escrowId)
    .where('type', '=', 'expired')
    .executeTakeFirstOrThrow()
  const parties = [world.buyer, world.seller].map(({ identity }) => identity.did)
  assert.deepEqual(told.agents, parties)
  const answer = await world.oracle.trust.answer({ id: parties[1] ?? '', role: 'seller' })
  assert.deepEqual(
    answer.penalties.map(({ code, points }) => ({ code, points })),
    [{ code: 'deadline_missed', points: { reliability: 8, latency: 5 } }],
  )
})

test('[ATK-01] a buyer that never pays gets no work, and one that pays late keeps its money', async () => {
  const pact = pactOf(world)
  const escrowId = await agree(world, pact)
  const path = `/api/v1/escrows/${escrowId}/artifacts/result.json`
  const bytes = new TextEncoder().encode(work)
  const handIn = () => send(world, { by: world.seller, method: 'PUT', path, body: bytes })
  // Nothing that the seller could be talked into handing over reaches the buyer by way of the oracle.
  assert.deepEqual(await problemOf(await handIn()), [409, 'not_funded'])

  const { token, escrow } = ground.deployment
  const { wallet } = world.buyer
  await fundGas(ground.client, wallet.address)
  await mintUsdc(ground.client, { token, to: wallet.address, amount: pact.paymentUsdc })
  const before = await balanceOf(wallet.address)
  const data = await fundingOf(world, pact)
  await moveTo(world, pact.timing.fundBy)
  const { chain } = ground.client
  await assert.rejects(ground.client.sendTransaction({ to: escrow, data, account: wallet, chain }))
  const body = { data }
  const relayed = { by: world.buyer, method: 'POST', path: '/api/v1/relay', body } as const
  assert.equal((await problemOf(await send(world, relayed)))[0], 422)
  assert.equal(await balanceOf(wallet.address), before)
  const { status } = await get<{ status: string }>(`/api/v1/pacts/${hashPact(pact)}`)
  assert.equal(status, 'expired')
  assert.deepEqual(await problemOf(await handIn()), [409, 'not_funded'])
})

test('[ATK-01] a buyer that disputes good work for nothing waits longer, and pays for it', async () => {
  const pact = pactOf(world)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': work } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()

  const { token } = ground.deployment
  const [buyer, seller] = [world.buyer.wallet, world.seller.wallet]
  const stake = 500_000n
  await fundGas(ground.client, buyer.address)
  await mintUsdc(ground.client, { token, to: buyer.address, amount: stake })
  const before = [await balanceOf(buyer.address), await balanceOf(seller.address)] as const
  const wallet = walletOf(ground.url, buyer)
  await dispute(wallet, { escrow: escrowOfPact({ pact }), token, claimHash: 'cc'.repeat(32) })
  await world.settle()
  const stateOf = async () => (await get<{ state: string }>(`/api/v1/escrows/${escrowId}`)).state
  assert.equal(await stateOf(), 'Disputed')
  // The seller says nothing, no judge rules: time alone ends it, by the evidence.
  const { response, arbitration } = pact.timing.windows
  for (const seconds of [response, arbitration]) {
    await ground.client.increaseTime({ seconds })
    await ground.client.mine({ blocks: 1 })
    await world.settle()
  }
  await confirm(world)
  assert.equal(await stateOf(), 'Resolved')
  // All of 50 but one percent for the arbiter and half a percent of fee, and the stake of the other side.
  assert.equal((await balanceOf(seller.address)) - before[1], 49_250_000n + stake)
  assert.equal((await balanceOf(buyer.address)) - before[0], -stake)
})

test('[DIS-12] the DID leads to all that its agent was party to and that ended, page by page', async () => {
  const { did } = world.seller.identity
  const ended = await world.oracle.db
    .selectFrom('settlement')
    .select('escrow_id')
    .orderBy('escrow_id')
    .execute()
  const found: string[] = []
  let cursor: string | null = null
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { attestations: { settlement: { escrowId: string } }[]; cursor: string | null } =
      await get(`/api/v1/trust/${encodeURIComponent(did)}/attestations?limit=1${from}`)
    assert.ok(page.attestations.length <= 1)
    found.push(...page.attestations.map(({ settlement }) => settlement.escrowId))
    cursor = page.cursor
  } while (cursor !== null)
  assert.ok(ended.length >= 4)
  assert.deepEqual(
    found.toSorted(),
    ended.map(({ escrow_id }) => escrow_id),
  )
})
