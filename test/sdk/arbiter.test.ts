import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import hre from 'hardhat'
import { type Abi, type Address, type Hex, zeroAddress, zeroHash } from 'viem'
import { append } from '../../oracle/src/store/journal.ts'
import { decideAppeal } from '../../oracle/src/trust/appeal.ts'
import type { TrustEvent } from '../../oracle/src/trust/event.ts'
import { localAccount } from '../../scripts/local/chain.ts'
import { type Provider, startProvider, wires } from '../../scripts/local/judge/provider.ts'
import { fair } from '../../scripts/local/judge/verdict.ts'
import type { BuyerOptions, HireResult, OracleClient } from '../../sdk/src/buyer.ts'
import { stakeBond } from '../../sdk/src/escrow/bond.ts'
import { readRecourse } from '../../sdk/src/escrow/recourse.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { readCredit } from '../../sdk/src/escrow/withdraw.ts'
import { openTrades } from '../../sdk/src/journal.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { ZERO_ADDRESS } from '../../sdk/src/protocol/address.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import { decodeTrustPolicy } from '../../sdk/src/trust/policy.ts'
import { attestorKeys, type Party, party, register } from '../oracle/support/world.ts'
import { settled } from '../oracle/trust/market.ts'
import { falseReport } from './support/falseReport.ts'
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
  until,
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

const HOUR = 3600

/** Pre-trusted buyers, whose trades make a record. */
const seedParties = [buyerParty, party(61), party(62), party(63)]

describe('arbiter', () => {
  let market: Market
  const sellers: Seller[] = []
  let providers: Provider[]
  before(async () => {
    providers = await Promise.all(wires.map((wire) => startProvider(wire, fair(40))))
    market = await openMarket({
      seeds: seedParties.map(({ identity }) => identity.did),
      jury: providers.map(({ juror }) => juror),
    })
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(async () => {
    for (const seller of sellers) await seller.stop()
    await market.close()
    await Promise.all(providers.map((provider) => provider.close()))
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

  describe('a seller that is paid at once', () => {
    const judges = wires.map(([, provider]) => provider)
    const task = () => taskOf(market, { disclosure: { committee: false, judges } })
    /** Enough that its arbitration fee pays a jury. */
    const options = () => ({ task: task(), paymentUsdc: parseUsdc('50') })
    let seller: Seller
    before(async () => {
      const { deployment } = market.ground
      seller = await openOther([deployment.arbiter], deployment.arbiter)
      const { chainId, vault, token } = deployment
      const amount = parseUsdc('600')
      await market.endow(sellerParty.wallet.address, amount)
      await stakeBond(market.wallet(sellerParty.wallet), { chainId, vault, token, amount })
      // A record with three buyers, so that the oracle advises to pay it at once.
      for (const { identity, wallet } of seedParties) {
        await market.endow(wallet.address, parseUsdc('500'))
        const oracles = [market.oracleFor(identity)]
        await hireWith({ identity, wallet: market.wallet(wallet), oracles })
      }
      await register(market.world, buyerParty, 'buying')
    })

    const hireWith = (changes: Partial<BuyerOptions>) =>
      openBuyer(market, { trustPolicy: lenient, ...changes }).hire(SELLER_URL, options())

    /** An oracle that shows another report than the one whose hash is on chain; `fall` ends the process. */
    function lying({ fall = false } = {}): OracleClient {
      const oracle = falseReport(market.oracleFor(buyerParty.identity))
      const call = async (name: never, asked: never) => {
        if (fall && name === 'dispute') throw new Error('killed')
        return oracle.call(name, asked)
      }
      return { ...oracle, call: call as OracleClient['call'] }
    }
    const recourseOf = ({ receipts }: HireResult) =>
      readRecourse(market.wallet(buyerParty.wallet), receipts.funding.escrow)
    const claimsOf = async ({ escrowId }: HireResult) => {
      const params = { escrowId: escrowId as `0x${string}` }
      return (await market.oracleFor().call('getDispute', { params })).claims
    }
    const balance = () => {
      const { token } = market.ground.deployment
      return readBalance(market.ground.client, { token, owner: buyerParty.wallet.address })
    }
    /** The jury's time comes, by the chain's clock and the queue's. */
    async function hear(seconds: number): Promise<void> {
      await market.ground.client.increaseTime({ seconds })
      await until(async () => {
        const { db } = market.world.oracle
        await db
          .updateTable('job')
          .set({ run_at: new Date(0) })
          .where('queue', '=', 'jury')
          .execute()
        const rows = await db.selectFrom('job').select('id').where('queue', '=', 'jury').execute()
        return rows.length === 0
      })
    }

    test('a buyer keeps its review by default, also where the oracle advises to pay a rated and bonded seller at once', async () => {
      const quote = await market.oracleFor(buyerParty.identity).call('getQuote', {
        query: {
          buyer: buyerParty.identity.did,
          seller: sellerParty.identity.did,
          capability: 'greeting',
          amount: parseUsdc('50'),
        },
      })
      assert.equal(quote.instantRelease, true)
      const result = await hireWith({})
      assert.equal(result.receipts.signed.pact.timing.windows.review, HOUR)
      assert.equal(result.receipts.signed.pact.escrow.vault, ZERO_ADDRESS)
      assert.equal((await recourseOf(result)).state, 'none')
      const asked = await hireWith({ instantRelease: true })
      assert.equal(asked.settlementStatus, 'released')
      assert.equal((await recourseOf(asked)).state, 'reserved')
    })

    /** The seller trades with a mate whose money came out of the same purse; gives the flag on the two. */
    async function flagSeller(): Promise<string> {
      const { oracle } = market.world
      const at = oracle.clock.now()
      const [mate, agent] = ['did:key:mate', sellerParty.identity.did]
      const facts: TrustEvent[] = [
        ...[mate, agent].map((who) => ({ kind: 'agent' as const, agent: who, at, funder: '0x09' })),
        ...Array.from({ length: 25 }, (_, i) => {
          const amount = BigInt(20 + ((i * 37) % 90)) * 1_000_000n
          return settled({ buyer: mate, seller: agent, at, amount })
        }),
      ]
      const entries = facts.map((fact) => ({
        action: 'tested',
        subject: agent,
        at,
        data: {},
        fact,
      }))
      await oracle.db.transaction().execute((tx) => append(tx, oracle.signer, entries))
      oracle.bell.ring()
      const [flag] = await oracle.trust.flags(agent)
      assert.equal(flag?.status, 'standing')
      return flag.flagId
    }

    test('[POL-10] [REP-25] a pair that trades well reviews for half as long where its buyer says so, and never with a flag', async () => {
      const [, { identity, wallet }] = seedParties as [unknown, Party]
      await register(market.world, { identity, wallet }, 'buying')
      let cards = 0
      const fetch = (async (input, init) => {
        const request = new Request(input, init)
        if (request.url.includes('/.well-known/')) cards += 1
        return await market.fetch(request)
      }) as typeof globalThis.fetch
      const partner = openBuyer(market, {
        identity,
        wallet: market.wallet(wallet),
        oracles: [market.oracleFor(identity)],
        trustPolicy: lenient,
        trustedPair: { minTransactions: 1 },
        fetch,
      })
      const hire = async () => {
        cards = 0
        const { settlementStatus, receipts } = await partner.hire(SELLER_URL, options())
        assert.equal(settlementStatus, 'released')
        return { review: receipts.signed.pact.timing.windows.review, cards }
      }
      const { call } = market.oracleFor(identity)
      const [buyer, seller] = [identity.did, sellerParty.identity.did]
      const about = { buyer, seller, capability: 'greeting', amount: options().paymentUsdc }
      // Its trade counts once the oracle has seen its end.
      await until(async () => {
        const { trustedPair } = await call('getQuote', { query: { ...about, trustedPair: 1 } })
        return trustedPair === true
      })
      assert.equal((await call('getQuote', { query: about })).trustedPair, undefined)
      const more = await call('getQuote', { query: { ...about, trustedPair: 50 } })
      assert.equal(more.trustedPair, false)
      // The oracle knows of a trade that this object has not seen; the second needs no card any more.
      assert.deepEqual(await hire(), { review: HOUR / 2, cards: 1 })
      assert.deepEqual(await hire(), { review: HOUR / 2, cards: 0 })

      const flagId = await flagSeller()
      assert.deepEqual(await hire(), { review: HOUR, cards: 1 })
      await decideAppeal(market.world.oracle, { flagId, upheld: true, reason: 'It was a test' })
    })

    test('work that fails its buyer’s own checks is claimed back once, also across a crash; the seller answers, and the bond pays what the arbiter takes', async () => {
      const start = await balance()
      const journal = createMemoryStore()
      const falling = { journal, instantRelease: true, oracles: [lying({ fall: true })] }
      await assert.rejects(hireWith(falling), { message: 'killed' })
      const [tradeId = ''] = await openTrades(journal)
      const buyer = openBuyer(market, { journal, oracles: [lying()] })
      const claimed = await buyer.resume(tradeId)
      assert.equal(claimed.settlementStatus, 'claimed')
      assert.equal(claimed.receipts.settlement?.outcome, 'released')
      assert.equal((await recourseOf(claimed)).state, 'claimed')
      await until(async () => (await claimsOf(claimed)).length === 1)
      // Taken up again it claims nothing twice, and the trade stays open.
      assert.equal((await buyer.resume(tradeId)).settlementStatus, 'claimed')
      assert.deepEqual(await buyer.open(), [tradeId])
      assert.equal((await balance()) - start, -parseUsdc('50.5'))

      const { pact } = claimed.receipts.signed
      await assert.rejects(seller.disputes.answer({ pact, answer: { action: 'agree_refund' } }), {
        code: 'not_refundable',
      })
      const answer = { action: 'defend', explanation: 'It greets Ann' } as const
      assert.equal(await seller.disputes.answer({ pact, answer }), undefined)
      await seller.disputes.answer({ pact, answer })
      const params = { escrowId: claimed.escrowId as `0x${string}` }
      const { defence } = await market.oracleFor().call('getDispute', { params })
      assert.equal(defence?.by, sellerParty.identity.did)

      await hear(pact.timing.windows.arbitration / 4)
      await until(async () => (await recourseOf(claimed)).state === 'slashed')
      // 50 USDC less 1 % of arbitration, of which 40 % stay: 29.70 come back, and the stake with them.
      assert.equal((await balance()) - start, parseUsdc('29.7') - parseUsdc('50'))
      assert.equal((await buyer.resume(tradeId)).settlementStatus, 'compensated')
      assert.deepEqual(await buyer.open(), [])
    })

    test('a claim that nobody would hear is not made: the stake stays, and the buyer’s own people are told why', async () => {
      const { judges: published = [] } = await market.oracleFor().call('getOracle', {})
      assert.deepEqual(published.map(({ provider }) => provider).sort(), [...judges].sort())
      for (const [readers, price, reason] of [
        [[], 0n, 'too_few_judges'],
        [judges, parseUsdc('1'), 'fee_below_cost'],
      ] as const) {
        const start = await balance()
        const liar = lying()
        const call = async (name: never, asked: never) => {
          const answer = (await liar.call(name, asked)) as object
          if (name !== 'getOracle' || price === 0n) return answer
          return { ...answer, judges: published.map((each) => ({ ...each, leastUsdc: price })) }
        }
        const told: string[] = []
        const buyer = openBuyer(market, {
          trustPolicy: lenient,
          instantRelease: true,
          oracles: [{ ...liar, call: call as OracleClient['call'] }],
          onProgress: (progress) => {
            if (progress.step === 'not_claimed') told.push(progress.reason)
          },
        })
        const disclosure = { committee: false, judges: [...readers] }
        const result = await buyer.hire(SELLER_URL, {
          task: taskOf(market, { disclosure }),
          paymentUsdc: parseUsdc('50'),
        })
        assert.equal(result.settlementStatus, 'released')
        assert.deepEqual(told, [reason])
        assert.equal((await recourseOf(result)).state, 'reserved')
        assert.equal(start - (await balance()), parseUsdc('50'))
        assert.deepEqual(await buyer.open(), [])
      }
    })

    test('a buyer that looks later claims in its own words, without gas, and only while the review runs', async () => {
      const journal = createMemoryStore()
      const buyer = openBuyer(market, {
        journal,
        trustPolicy: lenient,
        instantRelease: true,
        useRelay: true,
      })
      const first = await buyer.hire(SELLER_URL, options())
      assert.equal(first.settlementStatus, 'released')
      const complaint = { reason: 'quality_below_threshold', claim: 'It is no greeting' } as const
      const { claimHash } = await buyer.dispute(first.tradeId, complaint)
      assert.equal((await recourseOf(first)).state, 'claimed')
      await until(async () => (await claimsOf(first)).some((one) => one.claimHash === claimHash))
      assert.deepEqual(await buyer.open(), [first.tradeId])
      assert.equal((await buyer.resume(first.tradeId)).settlementStatus, 'claimed')

      const second = await buyer.hire(SELLER_URL, options())
      const { end } = await recourseOf(second)
      await market.ground.client.increaseTime({ seconds: end - market.clock.now() })
      await until(async () => (await recourseOf(second)).state === 'freed')
      await assert.rejects(buyer.dispute(second.tradeId, complaint), { code: 'not_reserved' })
      assert.equal((await buyer.resume(second.tradeId)).settlementStatus, 'released')
    })
  })
})
