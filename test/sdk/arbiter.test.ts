import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import hre from 'hardhat'
import { type Abi, type Address, type Hex, zeroAddress, zeroHash } from 'viem'
import { localAccount } from '../../scripts/local/chain.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { readCredit } from '../../sdk/src/escrow/withdraw.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import { decodeTrustPolicy } from '../../sdk/src/trust/policy.ts'
import { attestorKeys } from '../oracle/support/world.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  policyOf,
  SELLER_URL,
  sellerParty,
  taskOf,
} from './support/market.ts'

/** Sellers without a record get large work, too. */
const lenient = decodeTrustPolicy({
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
  highValue: null,
  newcomer: { maxUsdc: '1000' },
})

describe('arbiter', () => {
  let market: Market
  const sellers: Seller[] = []
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(async () => {
    for (const seller of sellers) await seller.stop()
    await market.close()
  })

  /** Somebody else's arbiter over the same escrow: another guardian, treasury and roster. */
  async function deployOther(): Promise<Address> {
    const { abi, bytecode } = await hre.artifacts.readArtifact('PactArbiter')
    const { client, deployment } = market.ground
    const terms = {
      escrow: deployment.escrow,
      governance: localAccount(15).address,
      guardian: localAccount(16).address,
      treasury: localAccount(14).address,
      threshold: 2n,
      seats: 3n,
      attestors: attestorKeys.map((key) => key.address),
      moderator: zeroAddress,
      rosterHash: zeroHash,
      memberStake: 250_000_000n,
      panelCost: 3_500_000n,
    }
    const hash = await client.deployContract({
      abi: abi as Abi,
      bytecode: bytecode as Hex,
      args: [terms],
    })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash })
    assert.ok(contractAddress)
    return contractAddress
  }

  async function openOther(accepted: readonly Address[], carded: Address): Promise<Seller> {
    const policy = { ...policyOf(market, [greeter]), arbiters: [...accepted] }
    const plain = await openSeller(market, { policy })
    const { deployment } = market.ground
    const seller = await openSeller(market, {
      policy,
      card: {
        name: 'Greeter',
        description: 'Says hello for money',
        version: '1.0.0',
        endpoint: `${SELLER_URL}/a2a`,
        trade: {
          pactVersions: ['1'],
          settlement: {
            network: deployment.chainId,
            asset: deployment.token,
            escrow: deployment.escrow,
            payTo: sellerParty.wallet.address,
            transferMethod: 'eip3009',
          },
          pricing: { currency: 'USDC', perTask: 1_000_000n, complex: 50_000_000n },
          sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
          inputFormats: ['application/json'],
          outputFormats: ['application/json'],
          timing: { profiles: ['agent'] },
          arbiters: [deployment.arbiter, carded],
        },
      },
    })
    await plain.stop()
    sellers.push(seller)
    await seller.start()
    return seller
  }

  test('[UNS-20] a pact that names another arbiter than the oracle’s goes through where the seller accepts it, and nowhere else; how each arbiter rules is published', async () => {
    const other = await deployOther()
    const { deployment } = market.ground
    await openOther([deployment.arbiter, other], other)
    const options = { task: taskOf(market, { arbiter: other }), paymentUsdc: parseUsdc('5') }
    const result = await openBuyer(market).hire(SELLER_URL, options)
    assert.equal(result.settlementStatus, 'released')
    assert.equal(result.receipts.signed.pact.escrow.arbiter.toLowerCase(), other.toLowerCase())
    assert.equal(result.receipts.report?.result, 'PASS')
    for (const arbiter of [deployment.arbiter, other]) {
      const params = { arbiter: arbiter.toLowerCase() as `0x${string}` }
      const statistics = await market.oracleFor().call('getArbiter', { params })
      assert.equal(statistics.arbiter.toLowerCase(), params.arbiter)
      // How fast, how competent and how even-handed, whoever disputes; no case yet, so no figure.
      for (const tier of [statistics.jury, statistics.committee, statistics.moderator]) {
        assert.equal(tier.cases, 0)
      }
      assert.ok(statistics.target.seconds > 0)
    }

    await openOther([deployment.arbiter], other)
    await assert.rejects(openBuyer(market).hire(SELLER_URL, options), {
      code: 'negotiation_failed',
      details: {
        reasonCode: 'unsupported_arbiter',
        reason: 'Not an arbiter that we accept',
      },
    })
    const stranger = taskOf(market, { arbiter: localAccount(17).address })
    await assert.rejects(openBuyer(market).hire(SELLER_URL, { ...options, task: stranger }), {
      code: 'no_common_escrow',
    })
  })

  test('[SET-09] of 500 USDC the seller gets 497.50 and the fee account 2.50, to the base unit', async () => {
    const { deployment, client } = market.ground
    await openOther([deployment.arbiter], deployment.arbiter)
    const { token, escrow: contract, feeRecipient: owner } = deployment
    const accounts = async () => [
      await readBalance(client, { token, owner: buyerParty.wallet.address }),
      await readBalance(client, { token, owner: sellerParty.wallet.address }),
      await readCredit(client, { contract, owner }),
    ]
    const before = await accounts()
    const buyer = openBuyer(market, { trustPolicy: lenient })
    const options = { task: taskOf(market), paymentUsdc: parseUsdc('500') }
    const { settlementStatus } = await buyer.hire(SELLER_URL, options)
    assert.equal(settlementStatus, 'released')
    const now = await accounts()
    assert.deepEqual(
      now.map((balance, index) => balance - (before[index] ?? 0n)),
      [-500_000_000n, 497_500_000n, 2_500_000n],
    )
  })
})
