import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pactArbiterAbi } from '@earnest/contracts'
import { escrowIdOfPact, termsFromPact } from '@earnest/sdk/protocol'
import { encodeFunctionData } from 'viem'
import { bookGas } from '../../../oracle/src/escrow/relayBudget.ts'
import { submit, takeUp } from '../../../oracle/src/escrow/submit.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import {
  agree,
  confirm,
  createWorld,
  fund,
  fundingOf,
  type Ground,
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

const relay = (by: World['buyer'], data: string) =>
  send(world, { by, method: 'POST', path: '/api/v1/relay', body: { data } })

test('a party has a budget for its own escrows; a stranger has one small allowance, whatever it sends', async () => {
  const { token } = ground.deployment
  const to = world.buyer.wallet.address
  await mintUsdc(ground.client, { token, to, amount: 500_000_000n })
  const stranger = party(77)
  let sent = 0
  for (let n = 0; n < 4; n++) {
    const pact = pactOf(world)
    await agree(world, pact)
    const response = await relay(stranger, await fundingOf(world, pact))
    if (response.status === 202) sent += 1
    else assert.deepEqual(await problemOf(response), [429, 'relay_budget_exhausted'])
  }
  assert.ok(sent >= 1 && sent <= 3)
  const own = pactOf(world)
  await agree(world, own)
  assert.equal((await relay(world.buyer, await fundingOf(world, own))).status, 202)
})

test('all together relay only so much in an hour, strangers a tenth of it', async () => {
  const { db } = world.oracle
  const budget = { perDay: 1000n, forStranger: 1000n, perHour: 1000n }
  const book = (did: string, isParty: boolean, gas: bigint, now = 36_000_000) =>
    db.transaction().execute((tx) => bookGas(tx, { did, gas, isParty, budget, now }))
  await book('a', false, 60n)
  await assert.rejects(book('b', false, 60n), { code: 'relay_budget_exhausted' })
  await book('c', true, 900n)
  await assert.rejects(book('d', true, 100n), { code: 'relay_budget_exhausted' })
  await book('d', true, 100n, 36_003_600)
})

const statusOf = async (key: string) =>
  world.oracle.db
    .selectFrom('submission')
    .select(['status', 'tries', 'error'])
    .where('key', '=', key)
    .executeTakeFirstOrThrow()

test('what the chain refuses now is tried again, and goes through once the chain is ready', async () => {
  const pact = pactOf(world)
  await agree(world, pact)
  const { db, submitter, clock } = world.oracle
  const data = await fundingOf(world, pact)
  const escrowId = escrowIdOfPact({ pact })
  // The buyer's money is gone for a moment.
  const { token } = ground.deployment
  const to = world.buyer.wallet.address
  const slot = await balanceOf(to)
  await burn(slot)
  await submit(db, {
    key: 'again',
    escrowId,
    call: { functionName: 'fund', args: [], data },
    at: clock.now(),
  })
  const first = await submitter.advance('again')
  assert.deepEqual([first.status, first.again], ['queued', 1])
  const second = await submitter.advance('again')
  assert.deepEqual([second.status, second.again], ['queued', 2])
  await mintUsdc(ground.client, { token, to, amount: pact.paymentUsdc })
  assert.equal((await submitter.advance('again')).status, 'mined')
})

test('a call that nobody wants any more ends, one that stays refused is parked and can be taken up', async () => {
  const pact = pactOf(world)
  const id = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const { db, submitter, clock } = world.oracle
  const data = await fundingOf(world, pact)
  const call = { functionName: 'fund', args: [], data }
  await submit(db, { key: 'moot', escrowId: id, call, at: clock.now(), seq: 0 })
  assert.equal((await submitter.advance('moot')).status, 'failed')
  await submit(db, { key: 'stuck', escrowId: id, call, at: clock.now(), maxTries: 3 })
  const seen = []
  for (let n = 0; n < 4; n++) seen.push((await submitter.advance('stuck')).status)
  assert.deepEqual(seen, ['queued', 'queued', 'parked', 'parked'])
  assert.equal((await statusOf('stuck')).tries, 3)
  const metrics = await (await world.app.request('/metrics')).text()
  assert.match(metrics, /earnest_parked\{what="transaction"\} 1/)
  assert.equal(await db.transaction().execute((tx) => takeUp(tx, 'stuck')), true)
  assert.deepEqual((await statusOf('stuck')).status, 'queued')
})

const erc20 = [
  {
    type: 'function',
    name: 'balanceOf',
    stateMutability: 'view',
    inputs: [{ name: 'owner', type: 'address' }],
    outputs: [{ type: 'uint256' }],
  },
  {
    type: 'function',
    name: 'transfer',
    stateMutability: 'nonpayable',
    inputs: [
      { name: 'to', type: 'address' },
      { name: 'value', type: 'uint256' },
    ],
    outputs: [{ type: 'bool' }],
  },
] as const

async function balanceOf(owner: `0x${string}`): Promise<bigint> {
  const address = ground.deployment.token
  return ground.client.readContract({
    address,
    abi: erc20,
    functionName: 'balanceOf',
    args: [owner],
  })
}

/** The buyer sends all it has away. */
async function burn(amount: bigint): Promise<void> {
  const { client, deployment } = ground
  const account = world.buyer.wallet
  await client.setBalance({ address: account.address, value: 10n ** 18n })
  const hash = await client.writeContract({
    address: deployment.token,
    abi: erc20,
    functionName: 'transfer',
    args: [party(99).wallet.address, amount],
    account,
    chain: client.chain,
  })
  await client.waitForTransactionReceipt({ hash })
}

test('an appeal is relayed to the arbiter of its terms, to no other contract, and no other verb of an arbiter', async () => {
  const pact = pactOf(world)
  await agree(world, pact)
  const terms = termsFromPact({ pact })
  const by = world.buyer.wallet.address
  const signature = `0x${'11'.repeat(65)}` as const
  const appealing = (changes: object) =>
    encodeFunctionData({
      abi: pactArbiterAbi,
      functionName: 'appeal',
      args: [{ ...terms, ...changes }, by, 9_999_999_999n, signature],
    })
  // The arbiter itself answers: nothing stands that could be appealed.
  const answer = await relay(world.buyer, appealing({}))
  assert.deepEqual(await problemOf(answer), [422, 'relay_reverted'])
  for (const data of [
    appealing({ arbiter: ground.deployment.token }),
    appealing({ buyer: world.oracle.chain.sender.address }),
    encodeFunctionData({ abi: pactArbiterAbi, functionName: 'withdraw', args: [by] }),
    encodeFunctionData({ abi: pactArbiterAbi, functionName: 'setTreasury', args: [by] }),
  ]) {
    assert.deepEqual(await problemOf(await relay(world.buyer, data)), [422, 'relay_refused'])
  }
})
