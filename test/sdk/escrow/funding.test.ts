import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import { decodeFunctionData, encodeFunctionData, type Hex, parseAbi, zeroAddress } from 'viem'
import { fundGas } from '../../../scripts/local/chain.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { mintUsdc, usdcAbi } from '../../../scripts/local/usdc.ts'
import { escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { fund } from '../../../sdk/src/escrow/fund.ts'
import { fundByAllowance } from '../../../sdk/src/escrow/fundByAllowance.ts'
import { fundByPermit } from '../../../sdk/src/escrow/fundByPermit.ts'
import { readEscrow } from '../../../sdk/src/escrow/readEscrow.ts'
import { readAllowance, readBalance } from '../../../sdk/src/escrow/token.ts'
import {
  hashPact,
  type Pact,
  type PactWire,
  type SignedPact,
  signPact,
} from '../../../sdk/src/protocol/pact.ts'
import {
  createWorld,
  type Ground,
  pactOf,
  party,
  startGround,
  type World,
} from '../../oracle/support/world.ts'
import { walletOf } from '../support/market.ts'
import { deploySmartWallet, execute } from '../support/smartWallet.ts'

const AMOUNT = 50_000_000n

const permitAbi = parseAbi([
  'function permit(address owner, address spender, uint256 value, uint256 deadline, bytes signature)',
])

const decode = (data: Hex) => decodeFunctionData({ abi: pactEscrowAbi, data })

/** The same call about another pact. */
function withTerms(data: Hex, { pact }: SignedPact): Hex {
  const { functionName, args } = decode(data)
  const [, ...rest] = args as readonly unknown[]
  const swapped = [escrowOfPact({ pact }).terms, ...rest]
  return encodeFunctionData({ abi: pactEscrowAbi, functionName, args: swapped } as never)
}

describe('ways to fund', () => {
  let ground: Ground
  let world: World
  let buyer: ReturnType<typeof walletOf>
  let anybody: ReturnType<typeof walletOf>
  let smart: Awaited<ReturnType<typeof deploySmartWallet>>
  before(async () => {
    const store = await openFreshStore()
    ground = await startGround()
    world = await createWorld(ground, { store })
    buyer = walletOf(ground.url, world.buyer.wallet)
    anybody = walletOf(ground.url, party(99).wallet)
    smart = await deploySmartWallet(ground.client, world.buyer.wallet)
    for (const { account } of [buyer, anybody]) await fundGas(ground.client, account.address)
    for (const to of [buyer.account.address, smart.address]) {
      await mintUsdc(ground.client, { token: ground.deployment.token, to, amount: 10_000_000_000n })
    }
  })
  after(async () => {
    await world.close()
    await ground.close()
  })

  const sign = (pact: Pact): SignedPact => ({
    pact,
    pactHash: hashPact(pact),
    buyerSignature: signPact({ pact, identity: world.buyer.identity }),
    sellerSignature: signPact({ pact, identity: world.seller.identity }),
  })
  async function fresh(changes: Partial<PactWire> = {}): Promise<SignedPact> {
    await world.settle()
    return sign(pactOf(world, changes))
  }
  const ofSmart = (): Partial<PactWire> => ({
    buyer: { did: world.buyer.identity.did, wallet: smart.address.toLowerCase() as Hex },
  })
  const stateOf = async ({ pact }: SignedPact) =>
    (await readEscrow(ground.client, escrowOfPact({ pact }))).state
  const balanceOf = (owner: Hex) =>
    readBalance(ground.client, { token: ground.deployment.token, owner })
  /** A relay of somebody else: it has nothing but the calldata. */
  const relay = async (data: Hex) =>
    await anybody.sendTransaction({ to: ground.deployment.escrow, data, chain: anybody.chain })

  async function approve(amount: bigint): Promise<void> {
    const { token: address, escrow } = ground.deployment
    const { account, chain } = buyer
    await buyer.writeContract({
      address,
      abi: usdcAbi,
      functionName: 'approve',
      args: [escrow, amount],
      account,
      chain,
    })
  }

  const ways = { fund, fundByPermit, fundByAllowance }

  for (const [name, way] of Object.entries(ways)) {
    const isAllowance = way === fundByAllowance

    for (const [path, through] of [
      ['sent by the buyer', undefined],
      ['through a relay', relay],
    ] as const) {
      test(`${name} ${path} locks exactly the amount, once however often it is asked for`, async () => {
        const signed = await fresh()
        if (isAllowance) await approve(2n * AMOUNT)
        const owner = buyer.account.address
        const before = await balanceOf(owner)
        const options = { signed, ...(through && { relay: through }) }
        const funded = await way(buyer, options)
        const receipt = await ground.client.getTransactionReceipt({ hash: funded.txHash })
        assert.equal(receipt.from, (through ? anybody : buyer).account.address.toLowerCase())
        assert.equal(funded.blockNumber, receipt.blockNumber)
        assert.equal(funded.status, 'locked')
        assert.equal(funded.pactId, signed.pactHash)
        assert.equal(await stateOf(signed), 'Funded')
        assert.deepEqual(await way(buyer, options), funded)
        assert.equal(before - (await balanceOf(owner)), AMOUNT)
        await approve(0n)
      })
    }

    test(`error: ${name} refuses a substituted pact, a foreign wallet, another expectation, an empty purse and a late hour`, async () => {
      const signed = await fresh()
      const { pact } = signed
      const dearer = { ...pact, paymentUsdc: 60_000_000n }
      const rich = await fresh({ paymentUsdc: '999999' })
      const cases: [() => Promise<unknown>, string][] = [
        [() => way(buyer, { signed: { ...signed, pact: dearer } }), 'pact_hash_mismatch'],
        [
          () => way(buyer, { signed: { ...signed, pact: dearer, pactHash: hashPact(dearer) } }),
          'invalid_buyer_signature',
        ],
        [() => way(anybody, { signed }), 'wrong_wallet'],
        [() => way(buyer, { signed, expect: { amountUsdc: AMOUNT + 1n } }), 'pact_mismatch'],
        [() => way(buyer, { signed, expect: { arbiter: zeroAddress } }), 'pact_mismatch'],
        [() => way(buyer, { signed: rich }), 'insufficient_funds'],
        [
          () => way(walletOf('http://127.0.0.1:1', world.buyer.wallet), { signed }),
          'chain_unreachable',
        ],
      ]
      for (const [attempt, code] of cases) await assert.rejects(attempt, { code })
      const late = await fresh()
      await ground.client.setNextBlockTimestamp({ timestamp: BigInt(late.pact.timing.fundBy) })
      await ground.client.mine({ blocks: 1 })
      await assert.rejects(way(buyer, { signed: late }), { code: 'fund_by_passed' })
    })

    test(`a relay that fails costs ${name} nothing: the buyer sends the same signed call itself`, async () => {
      const signed = await fresh()
      if (isAllowance) await approve(AMOUNT)
      const broken = () => Promise.reject(new Error('relay is down'))
      assert.equal((await way(buyer, { signed, relay: broken })).status, 'locked')
    })

    test(`${name} pays out of a smart wallet that signs by ERC-1271, through a relay`, async () => {
      const signed = await fresh(ofSmart())
      const wallet = walletOf(ground.url, smart.account)
      if (isAllowance) {
        const { token: to, escrow } = ground.deployment
        const data = encodeFunctionData({
          abi: usdcAbi,
          functionName: 'approve',
          args: [escrow, AMOUNT],
        })
        await execute(buyer, { wallet: smart.address, abi: smart.abi, to, data })
      }
      const before = await balanceOf(smart.address)
      const funded = await way(wallet, { signed, relay })
      assert.equal(funded.status, 'locked')
      assert.equal(before - (await balanceOf(smart.address)), AMOUNT)
    })
  }

  test('a relay that wraps the signed call in a call of its own account has done it', async () => {
    const signed = await fresh()
    const wrap = (data: Hex) =>
      execute(buyer, {
        wallet: smart.address,
        abi: smart.abi,
        to: ground.deployment.escrow,
        data,
      })
    const { txHash } = await fund(buyer, { signed, relay: wrap })
    const { to } = await ground.client.getTransaction({ hash: txHash })
    assert.equal(to, smart.address)
    assert.equal(await stateOf(signed), 'Funded')
  })

  test('error: fundByAllowance wants the allowance before it asks for a signature', async () => {
    const signed = await fresh()
    await approve(AMOUNT - 1n)
    await assert.rejects(fundByAllowance(buyer, { signed }), { code: 'insufficient_allowance' })
    await approve(0n)
  })

  test('an allowance or permit alone funds nothing: whoever relays it cannot bring terms of its own', async () => {
    const signed = await fresh()
    const other = await fresh({ paymentUsdc: '7' })
    await approve(AMOUNT)
    const steal = async (data: Hex) => await relay(withTerms(data, other))
    // The thief's call is refused, and the buyer sends its own.
    const funded = await fundByAllowance(buyer, { signed, relay: steal })
    assert.equal(await stateOf(other), 'None')
    assert.equal(funded.status, 'locked')
  })

  test('a permit that a thief uses first is no hindrance and leaves nothing behind', async () => {
    const signed = await fresh()
    const { token, escrow } = ground.deployment
    const front = async (data: Hex) => {
      const { args } = decode(data)
      const [terms, deadline, permit] = args as unknown as [
        { buyer: Hex; amount: bigint },
        bigint,
        Hex,
      ]
      await anybody.writeContract({
        address: token,
        abi: permitAbi,
        functionName: 'permit',
        args: [terms.buyer, escrow, terms.amount, deadline, permit],
        account: anybody.account,
        chain: anybody.chain,
      })
      return await relay(data)
    }
    assert.equal((await fundByPermit(buyer, { signed, relay: front })).status, 'locked')
    const owner = buyer.account.address
    assert.equal(await readAllowance(buyer, { token, owner, spender: escrow }), 0n)
  })
})
