import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import { fundTypedData, type Pact, parseUsdc, termsFromPact } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { fundGas } from '../../scripts/local/chain.ts'
import { mintUsdc, usdcAbi } from '../../scripts/local/usdc.ts'
import {
  createWorld,
  type Ground,
  pactOf,
  startGround,
  type World,
} from '../oracle/support/world.ts'
import { walletOf } from '../sdk/support/market.ts'

describe('amount', () => {
  let ground: Ground
  let desk: World
  before(async () => {
    ground = await startGround()
    desk = await createWorld(ground)
    await fundGas(ground.client, desk.buyer.wallet.address)
  })
  after(async () => {
    await desk.close()
    await ground.close()
  })

  async function write(functionName: 'fund' | 'release', args: readonly unknown[]): Promise<void> {
    const { escrow } = ground.deployment
    const wallet = walletOf(ground.url, desk.buyer.wallet)
    const call = { abi: pactEscrowAbi, address: escrow, functionName, args }
    const hash = await wallet.writeContract(call as never)
    const { status } = await wallet.waitForTransactionReceipt({ hash })
    assert.equal(status, 'success')
  }

  async function pay(pact: Pact, milestone: number): Promise<void> {
    const { deployment } = ground
    const terms = termsFromPact({ pact, milestone })
    const signature: Hex = await desk.buyer.wallet.signTypedData(
      fundTypedData({
        terms,
        chainId: deployment.chainId,
        contract: deployment.escrow,
        token: { address: deployment.token, name: 'USDC', version: '2' },
      }),
    )
    await write('fund', [terms, signature])
    await write('release', [terms, '0x'])
  }

  const balance = (owner: Hex) =>
    ground.client.readContract({
      abi: usdcAbi,
      address: ground.deployment.token,
      functionName: 'balanceOf',
      args: [owner],
    })

  test('[ESC-19] 5 USDC and 50,000 USDC in three milestones both pay to the base unit', async () => {
    const { token } = ground.deployment
    const buyer = desk.buyer.wallet.address
    const seller = desk.seller.wallet.address
    await mintUsdc(ground.client, { token, to: buyer, amount: parseUsdc('50005') })

    await pay(pactOf(desk, { paymentUsdc: '5' }), 0)
    assert.equal(await balance(seller), parseUsdc('4.975'))

    const base = pactOf(desk)
    const day = (days: number) =>
      new Date((base.deadlineUtc + days * 86_400) * 1000).toISOString().replace('.000', '')
    const criteria = base.acceptance.map(({ id }) => id)
    const fundBy = new Date(base.timing.fundBy * 1000).toISOString().replace('.000', '')
    const stage = (title: string, paymentUsdc: string, days: number, acceptance: string[]) => ({
      title,
      paymentUsdc,
      fundBy,
      deadlineUtc: day(days),
      acceptance,
      deliverableFormat: [...base.deliverableFormat],
    })
    const pact = pactOf(desk, {
      paymentUsdc: '50000',
      deadlineUtc: day(21),
      milestones: [
        stage('model', '10000', 7, criteria),
        stage('review', '15000', 14, []),
        stage('report', '25000', 21, []),
      ],
    })
    for (const milestone of [0, 1, 2]) await pay(pact, milestone)
    assert.equal(await balance(seller), parseUsdc('49754.975'))
    assert.equal(await balance(buyer), 0n)
  })

  test('[ESC-19] a batched trade of 5 USDC stays below 2 % with gas at the stated price', () => {
    const { gas } = JSON.parse(readFileSync('contracts/gas.json', 'utf8')) as {
      gas: { fundBatch50: number; completeBatch50: number }
    }
    const gasUsdc = (gas.fundBatch50 + gas.completeBatch50) * 0.01e-9 * 4000
    assert.ok((0.025 + gasUsdc) / 5 < 0.02)
  })
})
