import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bondVaultAbi } from '@earnest/contracts'
import type { Hex } from 'viem'
import { fundGas } from '../../../scripts/local/chain.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import {
  readBond,
  requestBondWithdrawal,
  stakeBond,
  withdrawBond,
} from '../../../sdk/src/escrow/bond.ts'
import { claimAbi } from '../../../sdk/src/escrow/claimAbi.ts'
import { type EscrowRef, escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { readEscrow } from '../../../sdk/src/escrow/readEscrow.ts'
import {
  claimRecourse,
  dropRecourse,
  endRecourse,
  readRecourse,
} from '../../../sdk/src/escrow/recourse.ts'
import { readBalance } from '../../../sdk/src/escrow/token.ts'
import { encodePact } from '../../../sdk/src/protocol/pact.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  party,
  register,
  startGround,
  type World,
} from '../../oracle/support/world.ts'
import { walletOf } from '../support/market.ts'

const DAY = 86_400
const lower = (address: string) => address.toLowerCase() as `0x${string}`
const claimHash = 'cc'.repeat(32)
/** One per cent of 50 USDC. */
const FEE = 500_000n

describe('bond', () => {
  let ground: Ground
  let world: World
  let buyer: ReturnType<typeof walletOf>
  let seller: ReturnType<typeof walletOf>
  let anybody: ReturnType<typeof walletOf>
  before(async () => {
    const store = await openFreshStore()
    ground = await startGround()
    world = await createWorld(ground, { store })
    buyer = walletOf(ground.url, world.buyer.wallet)
    seller = walletOf(ground.url, world.seller.wallet)
    anybody = walletOf(ground.url, party(99).wallet)
    await register(world, world.buyer)
    await register(world, world.seller)
    const { token } = ground.deployment
    for (const { account } of [buyer, seller, anybody]) {
      await fundGas(ground.client, account.address)
      await mintUsdc(ground.client, { token, to: account.address, amount: 1_000_000_000n })
    }
  })
  after(async () => {
    await world.close()
    await ground.close()
  })

  const vault = () => {
    const { chainId, vault: address } = ground.deployment
    return { chainId, vault: address }
  }
  const bond = () => readBond(seller, { ...vault(), seller: seller.account.address })
  const balance = (owner: `0x${string}`) =>
    readBalance(ground.client, { token: ground.deployment.token, owner })
  const until = async (timestamp: number) => {
    await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
    await ground.client.mine({ blocks: 1 })
    await world.syncClock()
  }

  /** A delivery that passed and was paid at once, with the seller's bond behind it. */
  async function released(): Promise<EscrowRef> {
    await world.settle()
    const plain = pactOf(world)
    const pact = pactOf(world, {
      escrow: { ...encodePact(plain).escrow, vault: lower(ground.deployment.vault) },
    })
    await agree(world, pact)
    await fund(world, pact)
    await confirm(world)
    const files = { 'result.json': '{"greeting":"hello","name":"world"}' }
    const body = await completionOf(world, pact, { files, reserve: true })
    await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
    await world.settle()
    const escrow = escrowOfPact({ pact })
    const { state, bonded } = await readEscrow(buyer, escrow)
    assert.deepEqual([state, bonded], ['Completed', true])
    return escrow
  }

  test('what a claim needs of the ABI is as the contract has it', () => {
    for (const item of claimAbi) {
      const whole = bondVaultAbi.find(
        (each) => 'name' in each && 'name' in item && each.name === item.name,
      )
      assert.deepEqual(item, whole)
    }
  })

  test('a bond is staked with one signature, counts for its tier, and comes back after its delay', async () => {
    const { token } = ground.deployment
    await stakeBond(seller, { ...vault(), token, amount: 600_000_000n })
    const staked = await bond()
    assert.deepEqual(
      [staked.amount, staked.reserved, staked.leaving, staked.tier],
      [600_000_000n, 0n, 0n, 1],
    )
    await assert.rejects(requestBondWithdrawal(seller, { ...vault(), amount: 600_000_001n }), {
      code: 'insufficient_bond',
    })
    await requestBondWithdrawal(seller, { ...vault(), amount: 200_000_000n })
    const asked = await bond()
    assert.deepEqual([asked.leaving, asked.tier], [200_000_000n, 0])
    const to = party(98).wallet.address
    await until(asked.leavingAt + 38 * DAY - 2)
    await assert.rejects(withdrawBond(seller, { ...vault(), to }), { code: 'before_ready' })
    await until(asked.leavingAt + 38 * DAY)
    await withdrawBond(seller, { ...vault(), to })
    assert.equal(await balance(to), 200_000_000n)
    assert.equal((await bond()).amount, 400_000_000n)
  })

  test('[DRV-02] what was paid at once is reserved until the review would have ended; then anybody frees it', async () => {
    const escrow = await released()
    assert.equal((await bond()).reserved, 50_000_000n)
    const { state, end } = await readRecourse(buyer, escrow)
    assert.equal(state, 'reserved')
    await until(end - 2)
    assert.equal(await endRecourse(anybody, { escrow }), undefined)
    await until(end)
    await assert.rejects(
      claimRecourse(buyer, { escrow, token: ground.deployment.token, claimHash }),
      { code: 'after_review' },
    )
    assert.equal((await endRecourse(anybody, { escrow }))?.verb, 'free')
    assert.equal((await readRecourse(buyer, escrow)).state, 'freed')
    assert.equal((await bond()).reserved, 0n)
    assert.equal(await endRecourse(anybody, { escrow }), undefined)
  })

  test('a buyer claims with one signature and a stake; a claim that it drops pays the seller', async () => {
    const escrow = await released()
    const { token } = ground.deployment
    const before = await balance(buyer.account.address)
    await assert.rejects(claimRecourse(seller, { escrow, token, claimHash }), {
      code: 'not_buyer',
    })
    await claimRecourse(buyer, { escrow, token, claimHash })
    assert.equal(before - (await balance(buyer.account.address)), FEE)
    const { state, stake, end } = await readRecourse(buyer, escrow)
    const { timestamp } = await ground.client.getBlock()
    assert.deepEqual([state, stake, end], ['claimed', FEE, Number(timestamp) + 259_200])
    await assert.rejects(claimRecourse(buyer, { escrow, token, claimHash }), {
      code: 'not_reserved',
    })
    await assert.rejects(dropRecourse(seller, { escrow }), { code: 'not_buyer' })
    const sellers = await balance(seller.account.address)
    await dropRecourse(buyer, { escrow })
    assert.equal((await balance(seller.account.address)) - sellers, FEE)
    assert.equal((await readRecourse(buyer, escrow)).state, 'freed')
  })

  test('a claim goes through a relay, and where the relay lies the buyer sends the same signed claim itself', async () => {
    const { token } = ground.deployment
    const honest = async (data: Hex) =>
      await anybody.sendTransaction({ to: ground.deployment.vault, data, chain: anybody.chain })
    const elsewhere = async (data: Hex) =>
      await anybody.sendTransaction({ to: anybody.account.address, data, chain: anybody.chain })
    for (const [relay, by] of [
      [honest, anybody],
      [elsewhere, buyer],
    ] as const) {
      const escrow = await released()
      const { txHash } = await claimRecourse(buyer, { escrow, token, claimHash, relay })
      const { from, status } = await ground.client.getTransactionReceipt({ hash: txHash })
      assert.deepEqual([from, status], [by.account.address.toLowerCase(), 'success'])
      assert.equal((await readRecourse(buyer, escrow)).state, 'claimed')
      await dropRecourse(buyer, { escrow })
    }
  })

  test('where the arbiter is silent the PASS stands, and anybody says so', async () => {
    const escrow = await released()
    await claimRecourse(buyer, { escrow, token: ground.deployment.token, claimHash })
    const { end } = await readRecourse(buyer, escrow)
    await until(end - 2)
    assert.equal(await endRecourse(anybody, { escrow }), undefined)
    await until(end)
    const sellers = await balance(seller.account.address)
    assert.equal((await endRecourse(anybody, { escrow }))?.verb, 'conclude')
    assert.equal((await balance(seller.account.address)) - sellers, FEE)
    assert.equal((await bond()).reserved, 0n)
  })
})
