import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import {
  ESCROW_STATES,
  encodeAuthorization,
  escrowIdOfPact,
  type Pact,
  settleTypedData,
  termsFromPact,
} from '@earnest/sdk/protocol'
import type { Address, Hex } from 'viem'
import { readEscrow, rewind } from '../../../oracle/src/escrow/fold.ts'
import { results } from '../../../oracle/src/escrow/state.ts'
import { readEvents } from '../../../oracle/src/store/journal.ts'
import { fundGas } from '../../../scripts/local/chain.ts'
import { mintUsdc, usdcAbi } from '../../../scripts/local/usdc.ts'
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
  register,
  startGround,
  type World,
} from '../support/world.ts'

let ground: Ground
let world: World

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  for (const who of [world.buyer, world.seller]) {
    await register(world, who)
    await fundGas(ground.client, who.wallet.address)
  }
})

after(async () => {
  await world?.close()
  await ground?.close()
})

/** Calls the escrow as a party, without an authorization. */
async function act(who: Party, functionName: string, args: unknown[]): Promise<void> {
  const hash = await ground.client.writeContract({
    abi: pactEscrowAbi,
    address: ground.deployment.escrow,
    functionName: functionName as 'release',
    args: args as never,
    account: who.wallet,
    chain: ground.client.chain,
  })
  const receipt = await ground.client.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  await world.settle()
}

/** The folded state is what the contract's slot says, field by field. */
async function assertAsOnChain(id: Hex): Promise<string> {
  const chain = await ground.client.readContract({
    abi: pactEscrowAbi,
    address: ground.deployment.escrow,
    functionName: 'escrowOf',
    args: [id],
  })
  const state = await readEscrow(world.oracle.db, id)
  assert.ok(state)
  assert.deepEqual(
    {
      state: state.state,
      timerEnd: state.timerEnd,
      fundedAt: state.fundedAt,
      seq: state.seq,
      round: state.round,
      result: state.result,
      noticed: state.noticed,
      buyerDisputed: state.buyerDisputed,
      sellerDisputed: state.sellerDisputed,
      bonded: state.bonded,
      proposed: state.proposed,
      proposedBps: state.proposedBps,
    },
    {
      state: ESCROW_STATES[chain.state],
      timerEnd: chain.timerEnd,
      fundedAt: chain.fundedAt,
      seq: chain.seq,
      round: chain.round,
      result: results[chain.result],
      noticed: chain.noticed,
      buyerDisputed: chain.buyerDisputed,
      sellerDisputed: chain.sellerDisputed,
      bonded: chain.bonded,
      proposed: chain.proposed,
      proposedBps: chain.proposedBps,
    },
  )
  return state.state
}

async function delivered(files: Record<string, string>): Promise<{ pact: Pact; id: Hex }> {
  const pact = pactOf(world)
  const id = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  assert.equal(await assertAsOnChain(id), 'Funded')
  const body = await completionOf(world, pact, { files })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  return { pact, id }
}

async function wait(seconds: number): Promise<void> {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
}

const complete = { 'result.json': '{"greeting":"hello","name":"world"}' }
const partial = { 'result.json': '{"greeting":"hello"}' }

test('a partial delivery is attested, defended and settled; every step is as on chain', async () => {
  const { pact, id } = await delivered(partial)
  assert.equal(await assertAsOnChain(id), 'Disputed')
  await act(world.seller, 'defend', [termsFromPact({ pact }), `0x${'11'.repeat(32)}`, '0x'])
  assert.equal(await assertAsOnChain(id), 'Negotiating')

  const state = await readEscrow(world.oracle.db, id)
  const validBefore = BigInt(world.oracle.clock.now() + 3600)
  const sign = async ({ wallet }: Party) =>
    encodeAuthorization({
      validBefore,
      signature: await wallet.signTypedData(
        settleTypedData({
          chainId: ground.deployment.chainId,
          contract: ground.deployment.escrow,
          escrowId: id,
          actor: wallet.address,
          seq: BigInt(state?.seq ?? 0),
          validBefore,
          sellerBps: 6000n,
        }),
      ),
    })
  await act(world.buyer, 'settle', [termsFromPact({ pact }), 6000n, '0x', await sign(world.seller)])
  assert.equal(await assertAsOnChain(id), 'Resolved')
})

test('a dispute with a stake escalates and concludes by timers alone, as on chain', async () => {
  const { pact, id } = await delivered(complete)
  assert.equal(await assertAsOnChain(id), 'Delivered')
  const { token, escrow } = ground.deployment
  await mintUsdc(ground.client, { token, to: world.buyer.wallet.address, amount: 500_000n })
  const hash = await ground.client.writeContract({
    abi: usdcAbi,
    address: token,
    functionName: 'approve',
    args: [escrow, 500_000n],
    account: world.buyer.wallet,
    chain: ground.client.chain,
  })
  await ground.client.waitForTransactionReceipt({ hash })
  const terms = termsFromPact({ pact })
  const claimHash = `0x${'22'.repeat(32)}`
  await act(world.buyer, 'dispute', [terms, world.buyer.wallet.address, claimHash, '0x', '0x'])
  assert.equal(await assertAsOnChain(id), 'Disputed')
  await wait(pact.timing.windows.response)
  assert.equal(await assertAsOnChain(id), 'Arbitration')
  await wait(pact.timing.windows.arbitration)
  // The attestation was PASS, so the evidence pays the seller.
  assert.equal(await assertAsOnChain(id), 'Resolved')
})

test("a seller's own dispute goes straight to arbitration, and its refund ends it", async () => {
  const { pact, id } = await delivered(complete)
  const { token, escrow } = ground.deployment
  await mintUsdc(ground.client, { token, to: world.seller.wallet.address, amount: 500_000n })
  const hash = await ground.client.writeContract({
    abi: usdcAbi,
    address: token,
    functionName: 'approve',
    args: [escrow, 500_000n],
    account: world.seller.wallet,
    chain: ground.client.chain,
  })
  await ground.client.waitForTransactionReceipt({ hash })
  const terms = termsFromPact({ pact })
  const by: Address = world.seller.wallet.address
  await act(world.seller, 'dispute', [terms, by, `0x${'33'.repeat(32)}`, '0x', '0x'])
  assert.equal(await assertAsOnChain(id), 'Arbitration')
  await act(world.seller, 'refund', [terms, '0x'])
  assert.equal(await assertAsOnChain(id), 'Refunded')
})

test('[ESC-08] read again from any block, the index is the same, and nobody is told twice', async () => {
  const { db } = world.oracle
  const rows = () => db.selectFrom('escrow').selectAll().orderBy('escrow_id').execute()
  const counts = async () => ({
    events: (await readEvents(db, { after: 0, limit: 10_000 })).length,
    settlements: (await db.selectFrom('settlement').selectAll().execute()).length,
    submissions: (await db.selectFrom('submission').selectAll().execute()).length,
  })
  const before = { rows: await rows(), counts: await counts() }
  const last = await db
    .selectFrom('block')
    .select('number')
    .orderBy('number', 'desc')
    .executeTakeFirstOrThrow()
  for (const block of [0, Math.floor(last.number / 2), last.number - 1]) {
    await rewind(db, block)
    await world.settle()
    assert.deepEqual(await rows(), before.rows)
    assert.deepEqual(await counts(), before.counts)
  }
})

test('a reorg takes an announced funding back, and the funding that returns is announced again', async () => {
  const pact = pactOf(world)
  const id = await agree(world, pact)
  await mintUsdc(ground.client, {
    token: ground.deployment.token,
    to: world.buyer.wallet.address,
    amount: pact.paymentUsdc,
  })
  await world.settle()
  const snapshot = await ground.client.snapshot()
  await fund(world, pact)
  await confirm(world)
  const told = async () =>
    (await readEvents(world.oracle.db, { after: 0, limit: 10_000, escrowId: id })).map(
      ({ type }) => type,
    )
  assert.deepEqual(await told(), ['funding_seen', 'funded'])

  // Another branch without the funding, longer than the one before.
  await ground.client.revert({ id: snapshot })
  await ground.client.mine({ blocks: 5, interval: 3 })
  await world.settle()
  const taken = await told()
  assert.deepEqual(taken.slice(0, 3), ['funding_seen', 'funded', 'funding_reverted'])
  // The relayed transaction was sent again; once confirmed it is announced a second time.
  await confirm(world)
  assert.deepEqual(await told(), [
    'funding_seen',
    'funded',
    'funding_reverted',
    'funding_seen',
    'funded',
  ])
  assert.equal(await assertAsOnChain(id), 'Funded')
  assert.equal(id, escrowIdOfPact({ pact }))
})
