import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Progress } from '../../sdk/src/buyer.ts'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { fund } from '../../sdk/src/escrow/fund.ts'
import { fundByPermit } from '../../sdk/src/escrow/fundByPermit.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import { encodePact, hashPact, signPact, verifyPactSignature } from '../../sdk/src/protocol/pact.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import { createSplits } from '../../sdk/src/splits.ts'
import { verifyReceipts } from '../../sdk/src/verifyReceipts.ts'
import { party, register } from '../oracle/support/world.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
  taskOf,
  until,
} from './support/market.ts'

describe('trade', () => {
  let market: Market
  let seller: Seller
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(() => market.close())

  async function withSeller(
    changes: Parameters<typeof openSeller>[1],
    work: () => Promise<void>,
  ): Promise<void> {
    seller = await openSeller(market, changes)
    await seller.start()
    try {
      await work()
    } finally {
      await seller.stop()
    }
  }

  const balanceOf = (owner: `0x${string}`) =>
    readBalance(market.ground.client, { token: market.ground.deployment.token, owner })

  test('[SET-16] [SET-10] [DIS-20] [API-17] one call hires, pays to the base unit and returns the checked deliverable with receipts', async () => {
    await withSeller({}, async () => {
      const seen: Progress[] = []
      const buyer = openBuyer(market, { onProgress: (progress) => seen.push(progress) })
      const paid = await Promise.all([
        balanceOf(buyerParty.wallet.address),
        balanceOf(sellerParty.wallet.address),
      ])
      const result = await buyer.executeAgentToAgentTransaction(SELLER_URL, taskOf(market), 10)

      assert.equal(result.settlementStatus, 'released')
      // The word to begin is said again, and means nothing new, while a slow seller has not begun.
      const steps = seen.map(({ step }) => step).filter((step) => step !== 'waiting')
      assert.deepEqual(
        steps.filter((step, i) => step !== 'dispatched' || steps[i - 1] !== step),
        [
          'discovered',
          'assessed',
          'drafted',
          'agreed',
          'registered',
          'funded',
          'dispatched',
          'delivered',
          'verified',
          'settled',
        ],
      )
      const [file] = result.deliverable?.files ?? []
      assert.deepEqual(JSON.parse(new TextDecoder().decode(file?.bytes)), {
        greeting: 'hello',
        to: 'Ann',
      })
      const balances = await Promise.all([
        balanceOf(buyerParty.wallet.address),
        balanceOf(sellerParty.wallet.address),
      ])
      assert.equal((balances[0] ?? 0n) - (paid[0] ?? 0n), -10_000_000n)
      assert.equal((balances[1] ?? 0n) - (paid[1] ?? 0n), 9_950_000n)
      assert.equal(result.settlementTxHash, result.receipts.settlement?.txHash)

      await until(async () => {
        const { pactId } = result
        const pact = await market.oracleFor().call('getPact', { params: { pactId } })
        return pact.status === 'fulfilled'
      })
      const checks = await verifyReceipts(result, {
        oracle: market.world.oracle.signer.did,
        client: market.ground.client,
      })
      assert.deepEqual(
        checks.filter(({ holds }) => !holds),
        [],
      )
      const there = checks.filter(({ code }) => code === 'holds').map(({ paper }) => paper)
      for (const paper of [
        'card',
        'trust',
        'pact',
        'funding',
        'delivery',
        'report',
        'settlement',
        'chain',
      ] as const) {
        assert.ok(there.includes(paper), paper)
      }
    })
  })

  test('a buyer that pays by permit trades as every other', async () => {
    await withSeller({}, async () => {
      const before = await balanceOf(buyerParty.wallet.address)
      const buyer = openBuyer(market, { fund: fundByPermit, useRelay: true })
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      assert.equal((await buyer.hire(SELLER_URL, options)).settlementStatus, 'released')
      assert.equal(before - (await balanceOf(buyerParty.wallet.address)), parseUsdc('5'))
    })
  })

  test('a receipt that was changed in any paper does not hold', async () => {
    await withSeller({}, async () => {
      const buyer = openBuyer(market)
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      const { receipts, deliverable } = await buyer.hire(SELLER_URL, options)
      const { settlement, signed } = receipts
      assert.ok(settlement && deliverable)
      const oracle = market.world.oracle.signer.did
      const faults = async (changed: typeof receipts, files = deliverable) =>
        (await verifyReceipts({ receipts: changed, deliverable: files }, { oracle }))
          .filter(({ holds }) => !holds)
          .map(({ paper }) => paper)
      const dearer = { ...settlement, sellerUsdc: settlement.sellerUsdc + 1n, buyerUsdc: -1n }
      assert.deepEqual(await faults({ ...receipts, settlement: dearer }), [
        'settlement',
        ...(receipts.attestation ? ['attestation'] : []),
      ])
      const pact = { ...signed.pact, taskDescription: 'Another description of the work' }
      assert.ok((await faults({ ...receipts, signed: { ...signed, pact } })).includes('pact'))
      assert.ok(
        (await faults({ ...receipts, card: { ...receipts.card, name: 'X' } })).includes('card'),
      )
      const [file] = deliverable.files
      assert.ok(file)
      const other = { ...deliverable, files: [{ ...file, bytes: new Uint8Array([1]) }] }
      assert.ok((await faults(receipts, other)).includes('delivery'))
    })
  })

  test('[PCT-18] [W-20] a counter of 6 for a proposal of 5 is rejected at a limit of 5.5 and signed by both at 6.5', async () => {
    const dear = { ...greeter, minPaymentUsdc: parseUsdc('6') }
    await withSeller({ skills: [dear] }, async () => {
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      const narrow = openBuyer(market, { negotiationPolicy: { maxPaymentUsdc: parseUsdc('5.5') } })
      await assert.rejects(narrow.hire(SELLER_URL, options), {
        code: 'negotiation_failed',
        details: { reasonCode: 'price_too_high', reason: 'We pay at most 5.5 USDC' },
      })
      const wide = openBuyer(market, { negotiationPolicy: { maxPaymentUsdc: parseUsdc('6.5') } })
      const { receipts, settlementStatus } = await wide.hire(SELLER_URL, options)
      assert.equal(settlementStatus, 'released')
      const { pact, pactHash, buyerSignature, sellerSignature } = receipts.signed
      assert.equal(pact.paymentUsdc, parseUsdc('6'))
      assert.equal(encodePact(pact).proposedBy, sellerParty.identity.did)
      assert.equal(hashPact(pact), pactHash)
      const parties = [
        [pact.buyer.did, buyerSignature],
        [pact.seller.did, sellerSignature],
      ] as const
      for (const [did, signature] of parties) {
        assert.ok(verifyPactSignature({ pact, did, signature }))
      }
    })
  })

  test('[SET-11] a first draft that fails its self-audit is revised once and the second is handed in', async () => {
    const types: string[] = []
    const careless = {
      ...greeter,
      run: () => ({ json: { greeting: 'hello' } }),
      revise: greeter.run,
    }
    await withSeller({ skills: [careless], onEvent: ({ type }) => types.push(type) }, async () => {
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      const { receipts, settlementStatus } = await openBuyer(market).hire(SELLER_URL, options)
      assert.equal(settlementStatus, 'released')
      assert.equal(receipts.report?.result, 'PASS')
      assert.deepEqual(
        types.filter((type) => type !== 'oracle_event'),
        ['started', 'audited', 'revised', 'submitted', 'delivered'],
      )
    })
  })

  test('[SET-12] a skill that throws delivers nothing, says so without its secrets, and the buyer has its money back', async () => {
    const broken = {
      ...greeter,
      run: () => {
        throw new Error('no route to 10.0.0.7 with key sk-secret')
      },
    }
    await withSeller({ skills: [broken] }, async () => {
      const before = await balanceOf(buyerParty.wallet.address)
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      const result = await openBuyer(market).hire(SELLER_URL, options)
      assert.equal(result.settlementStatus, 'refunded')
      assert.equal(result.deliverable, undefined)
      assert.equal(await balanceOf(buyerParty.wallet.address), before)
      const escrowId = result.escrowId as `0x${string}`
      const answer = await seller.work.begin({
        taskType: 'greeting',
        escrowId,
        pactId: result.pactId,
      })
      assert.equal(answer.status, 'execution_failed')
      assert.doesNotMatch(JSON.stringify(answer), /secret|10\.0\.0\.7/)
      const record = await market.oracleFor().call('getEscrow', { params: { escrowId } })
      assert.equal(record.artifactHash, null)
    })
  })

  test('[TOL-24] a seller’s open offer goes to the first person with the money, is confirmed, worked on, and split on the table', async () => {
    await withSeller({}, async () => {
      const { identity, wallet } = buyerParty
      await register(market.world, buyerParty)
      const person = market.oracleFor(identity)
      const task = taskOf(market, { deadline: market.clock.now() + 20 * 86_400 })
      const offered = { task, paymentUsdc: 10_000_000n, until: market.clock.now() + 10 * 86_400 }
      const open = await seller.offers.make(offered)
      assert.match(open.url, /\/offers\//)
      const params = { pactId: open.pactHash }
      let own: string | null = null
      await until(async () => {
        const { claim } = await person.call('claimOffer', { params, body: {} })
        own = claim?.pactHash ?? null
        return own !== null
      })
      const pactId = own as unknown as string
      const { terms: pact, sellerSignature } = await person.call('getOffer', { params: { pactId } })
      assert.equal(pact.buyer.did, identity.did)
      assert.equal(pact.deadlineUtc - pact.timing.fundBy, 10 * 86_400)
      // Nobody else gets it while it is kept, with whatever money.
      const rival = party(79)
      await market.endow(rival.wallet.address, 10_000_000n)
      await register(market.world, rival)
      const late = market.oracleFor(rival.identity).call('claimOffer', { params, body: {} })
      await assert.rejects(late, { code: 'offer_taken' })
      const buyerSignature = signPact({ pact, identity })
      const { did: buyerDid } = pact.buyer
      const { did: sellerDid } = pact.seller
      const signed = { pactHash: pactId, buyerSignature, sellerSignature }
      await person.call('registerPact', { body: { ...signed, buyerDid, sellerDid, terms: pact } })
      const escrow = escrowOfPact({ pact })
      const client = market.wallet(wallet)
      await fund(client, { signed: { ...signed, pact } })
      await until(async () => (await readEscrow(client, escrow)).state === 'Delivered')

      // The seller lays a split down; the person signs the same and brings it on chain.
      const table = createSplits({ client, oracle: person, did: identity.did })
      await until(async () => {
        const laid = await seller.splits.offer({ pact, sellerBps: 8000 }).catch(() => [])
        return laid.length > 0
      })
      await assert.rejects(table.accept({ pact, sellerBps: 7000 }), { code: 'no_split_offered' })
      await table.accept({ pact, sellerBps: 8000 })
      assert.equal((await readEscrow(client, escrow)).state, 'Resolved')
    })
  })
})
