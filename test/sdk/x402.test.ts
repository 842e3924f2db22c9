import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from '@x402/core/http'
import type { PaymentPayload, PaymentRequirements } from '@x402/core/types'
import { wrapFetchWithPayment, x402Client } from '@x402/fetch'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { readHistory } from '../../sdk/src/escrow/events.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { send } from '../../sdk/src/escrow/send.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { openTrades, readTrade } from '../../sdk/src/journal.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { EarnestError } from '../../sdk/src/protocol/error.ts'
import { fromBytes32, hashBytes } from '../../sdk/src/protocol/hash.ts'
import { artifactHash, manifestOf } from '../../sdk/src/protocol/manifest.ts'
import {
  decodePact,
  encodePact,
  hashPact,
  type PactWire,
  signPact,
} from '../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../sdk/src/protocol/time.ts'
import type { Seller } from '../../sdk/src/seller.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { decodeTrustPolicy } from '../../sdk/src/trust/policy.ts'
import type { Rail } from '../../sdk/src/x402/rail.ts'
import { createEscrowScheme, type EscrowSchemeOptions } from '../../sdk/src/x402/scheme.ts'
import type { PaywallTask } from '../../sdk/src/x402/wire.ts'
import {
  buyerOptionsOf,
  buyerParty,
  type Market,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
} from './support/market.ts'
import { openPaywall, PAYWALL_URL, PRICE } from './support/paywall.ts'

const trustPolicy = decodeTrustPolicy({
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
  highValue: null,
  newcomer: { maxUsdc: '20' },
})

describe('x402', () => {
  let market: Market
  let seller: Seller
  let made: string[]
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
    ;({ seller, made } = await openPaywall(market))
  })
  after(async () => {
    await seller.stop()
    await market.close()
  })

  const network = () => `eip155:${market.ground.deployment.chainId}` as const
  const balance = () =>
    readBalance(market.ground.client, {
      token: market.ground.deployment.token,
      owner: buyerParty.wallet.address,
    })

  function scheme(changes: Partial<EscrowSchemeOptions> = {}) {
    const { chainId, escrow, token, arbiter } = market.ground.deployment
    const venue = { chainId, escrow, token, arbiters: [arbiter] }
    const limits = { maxPaymentUsdc: 5_000_000n, allowHttp: true }
    const options = { ...buyerOptionsOf(market), venue, ...limits, ...changes }
    return createEscrowScheme(options)
  }

  /** A client as its authors ship it, with our scheme and a limit of its own. */
  const payingFetch = (own = scheme()) =>
    wrapFetchWithPayment(
      market.fetch,
      x402Client.fromConfig({
        schemes: [{ network: network(), client: own }],
        spendControls: { maxAmountPerPayment: '$5' },
      }),
    )

  async function required(path: string): Promise<PaymentRequirements> {
    const response = await market.fetch(`${PAYWALL_URL}${path}`)
    assert.equal(response.status, 402)
    const header = response.headers.get('PAYMENT-REQUIRED') ?? ''
    const { accepts } = decodePaymentRequiredHeader(header)
    return accepts[0] ?? assert.fail('nothing is accepted')
  }

  async function pay(path: string, header: string) {
    const headers = { 'PAYMENT-SIGNATURE': header }
    const response = await market.fetch(`${PAYWALL_URL}${path}`, { headers })
    const refusal = response.headers.get('PAYMENT-REQUIRED')
    const code = refusal === null ? undefined : decodePaymentRequiredHeader(refusal).error
    return { status: response.status, code }
  }

  const headerOf = (accepted: PaymentRequirements, payload: Record<string, unknown>) =>
    encodePaymentSignatureHeader({ x402Version: 2, accepted, payload } as PaymentPayload)

  test('[TAP-09] a stock x402 client pays into the escrow and gets the resource through the delivery gate', async () => {
    const paid = await balance()
    const journal = createMemoryStore()
    const response = await payingFetch(scheme({ journal }))(`${PAYWALL_URL}/reports/7?year=2027`)
    assert.equal(response.status, 200)
    const body = new Uint8Array(await response.arrayBuffer())
    assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), { report: '7', pages: 3 })
    assert.deepEqual(made.splice(0), ['/reports/7?year=2027'])
    const receipt = decodePaymentResponseHeader(response.headers.get('PAYMENT-RESPONSE') ?? '')
    assert.equal(receipt.success, true)
    assert.equal(receipt.network, network())
    assert.equal(paid - (await balance()), PRICE)

    // The money lies under the pact, and what was handed out is what was delivered on chain.
    const [tradeId = ''] = await openTrades(journal)
    const { signed } = await readTrade(journal, tradeId)
    assert.ok(signed)
    const escrow = escrowOfPact({ pact: signed.pact })
    assert.equal(escrow.escrowId, receipt.extra?.escrowId)
    assert.equal((await readEscrow(market.wallet(buyerParty.wallet), escrow)).state, 'Delivered')
    const events = await readHistory(market.wallet(buyerParty.wallet), escrow)
    const delivered = events.find((each) => each.eventName === 'Delivered')
    assert.ok(delivered?.eventName === 'Delivered')
    const file = { name: 'deliverable.json', mime: 'application/json', size: body.length }
    const handedOut = artifactHash(manifestOf([{ ...file, sha256: hashBytes(body) }]))
    assert.equal(fromBytes32(delivered.args.artifactHash), handedOut)

    // The buyer's engine checks it and pays, from the same journal.
    const result = await openBuyer(market, { journal }).resume(tradeId)
    assert.equal(result.settlementStatus, 'released')
    assert.equal(paid - (await balance()), PRICE)
  })

  test('a paywall leads its payer to no agent by plain http: nothing is asked of what it names', async () => {
    const accepted = await required('/reports/1')
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      asked.push(input instanceof Request ? input.url : String(input))
      return await market.fetch(input, init)
    }
    const own = scheme({ fetch, allowHttp: false })
    for (const agentUrl of [SELLER_URL, 'http://127.0.0.1:8545', 'http://[::1]/']) {
      const extra = { ...accepted.extra, agentUrl }
      await assert.rejects(own.createPaymentPayload(2, { ...accepted, extra }), {
        code: 'url_refused',
      })
    }
    assert.deepEqual(asked, [])
  })

  test('nothing is handed out, and nothing made, without a payment for this very resource', async () => {
    const accepted = await required('/reports/1')
    assert.equal(accepted.amount, String(PRICE))
    const paid = await balance()
    const { payload } = await scheme().createPaymentPayload(2, accepted)
    const { payload: another } = await scheme().createPaymentPayload(2, accepted)
    const cheap = { ...accepted, amount: '1000000' }
    const { payload: tooLittle } = await scheme().createPaymentPayload(2, cheap)
    const wire = payload.pact as PactWire
    const resigned = (changes: Partial<PactWire>) => {
      const pact = decodePact({ ...wire, nonce: crypto.randomUUID(), ...changes })
      const pactHash = hashPact(pact)
      const signature = signPact({ pact, identity: buyerParty.identity })
      return { ...payload, pact: encodePact(pact), pactHash, signature }
    }
    const [longAgo, past] = [200, 1].map((ago) => formatUtc(market.clock.now() - ago)) as [
      string,
      string,
    ]
    const cases: [what: string, path: string, header: string, code: string][] = [
      ['not base64', '/reports/1', '%%%', 'invalid_payment'],
      ['not JSON', '/reports/1', btoa('{'), 'invalid_payment'],
      ['no payload of ours', '/reports/1', headerOf(accepted, {}), 'invalid_payment'],
      [
        'another scheme',
        '/reports/1',
        headerOf({ ...accepted, scheme: 'exact' }, payload),
        'unsupported_scheme',
      ],
      ['another resource', '/reports/2', headerOf(accepted, payload), 'pact_mismatch'],
      ['another query', '/reports/1?page=2', headerOf(accepted, payload), 'pact_mismatch'],
      ['too little', '/reports/1', headerOf(accepted, tooLittle), 'price_too_low'],
      [
        'other terms than were signed',
        '/reports/1',
        headerOf(accepted, { ...payload, pact: { ...wire, deadlineUtc: '2199-01-01T00:00:00Z' } }),
        'pact_hash_mismatch',
      ],
      [
        'nobody’s signature',
        '/reports/1',
        headerOf(accepted, { ...payload, signature: '0'.repeat(128) }),
        'proposer_mismatch',
      ],
      [
        'money under another pact',
        '/reports/1',
        headerOf(accepted, { ...payload, funding: another.funding }),
        'transaction_reverted',
      ],
      [
        'an expired pact',
        '/reports/1',
        headerOf(
          accepted,
          resigned({ proposedAt: longAgo, timing: { ...wire.timing, fundBy: past } }),
        ),
        'fund_by_passed',
      ],
      [
        'weaker checks',
        '/reports/1',
        headerOf(
          accepted,
          resigned({ acceptance: wire.acceptance.map((each) => ({ ...each, weight: 1 })) }),
        ),
        'pact_mismatch',
      ],
    ]
    const answers: unknown[] = []
    for (const [what, path, header] of cases) answers.push([what, await pay(path, header)])
    assert.deepEqual(
      answers,
      cases.map(([what, , , code]) => [what, { status: 402, code }]),
    )
    assert.deepEqual(made, [])
    assert.equal(await balance(), paid)
  })

  test('a header that is sent twice, at once or later, pays once and is answered once', async () => {
    const accepted = await required('/reports/3')
    const paid = await balance()
    const { payload } = await scheme().createPaymentPayload(2, accepted)
    const header = headerOf(accepted, payload)
    const both = await Promise.all([pay('/reports/3', header), pay('/reports/3', header)])
    both.push(await pay('/reports/3', header))
    const refused = { status: 402, code: 'payment_used' }
    const byStatus = both.sort((a, b) => a.status - b.status)
    assert.deepEqual(byStatus, [{ status: 200, code: undefined }, refused, refused])
    assert.deepEqual(made.splice(0), ['/reports/3'])
    assert.equal(paid - (await balance()), PRICE)
  })

  test('a paywall that takes the money and says nothing is followed all the same, also by who cancelled', async () => {
    const accepted = await required('/reports/8')
    const paid = await balance()
    const journal = createMemoryStore()
    const { payload } = await scheme({ journal }).createPaymentPayload(2, accepted)
    const [tradeId = ''] = await openTrades(journal)
    // Both have signed before anything is handed out that locks money.
    const { signed, isRegistered } = await readTrade(journal, tradeId)
    assert.ok(signed)
    assert.equal(isRegistered, true)
    market.hosts.delete('seller.test')
    try {
      const buyer = openBuyer(market, { journal })
      await buyer.cancel(tradeId)
      await assert.rejects(buyer.resume(tradeId), { code: 'trade_cancelled' })
      const { chainId, contract, terms } = escrowOfPact({ pact: signed.pact })
      const args = [terms, payload.funding as `0x${string}`] as const
      const call = { functionName: 'fund', args } as const
      await send(market.wallet(sellerParty.wallet), { chainId, contract }, call)
      assert.equal((await buyer.resume(tradeId)).settlementStatus, 'released')
      assert.deepEqual(made.splice(0), ['/reports/8'])
      assert.equal(paid - (await balance()), PRICE)
    } finally {
      market.hosts.set('seller.test', seller.fetch)
    }
  })

  test('who is told that a payment failed has not paid: a relay that sends and answers too late', async () => {
    const own = market.oracleFor(sellerParty.identity)
    const oracle: OracleClient = {
      ...own,
      async call(name, input) {
        const answer = await own.call(name, input)
        if (name !== 'relay') return answer
        throw new EarnestError('oracle_unreachable', 'Too late', { retryable: true })
      },
    }
    const late = await openPaywall(market, { host: 'late.test', oracle })
    try {
      const paid = await balance()
      const response = await payingFetch()('http://late.test/reports/9')
      assert.equal(response.status, 200)
      assert.equal(paid - (await balance()), PRICE)
    } finally {
      await late.seller.stop()
      market.hosts.set('seller.test', seller.fetch)
    }
  })

  test('[TAP-19] another rail stands beside the escrow behind the same interface: it is asked for, locked once and let go for a delivery', async () => {
    // As a hold invoice: paid by a hash, settled by its preimage alone.
    const invoices = new Map<string, { preimage: string; state: 'open' | 'held' | 'settled' }>()
    const hold: Rail = {
      scheme: 'hold-invoice',
      network: 'bip122:000000000019d6689c085ae165831e93',
      ask({ price }) {
        const preimage = hashBytes(crypto.getRandomValues(new Uint8Array(32)))
        const paymentHash = hashBytes(Buffer.from(preimage, 'hex'))
        invoices.set(paymentHash, { preimage, state: 'open' })
        const { scheme, network } = hold
        const extra = { paymentHash }
        const money = { asset: 'msat', amount: String(price * 1000n), payTo: '02'.repeat(33) }
        return { scheme, network, ...money, maxTimeoutSeconds: 60, extra }
      },
      async lock({ task }, payload) {
        const { paymentHash } = payload as { paymentHash: string }
        const invoice = invoices.get(paymentHash)
        if (invoice === undefined) throw new EarnestError('pact_mismatch', 'Not an invoice of ours')
        if (invoice.state !== 'open') throw new EarnestError('payment_used', 'Paid before')
        invoice.state = 'held'
        return {
          payer: 'unknown',
          transaction: paymentHash,
          extra: { path: task.input.path },
          async deliver() {
            assert.equal(invoice.state, 'held')
            invoice.state = 'settled'
            const bytes = new TextEncoder().encode('{"report":"5"}')
            return [{ name: 'deliverable.json', mime: 'application/json', bytes }]
          },
        }
      },
    }
    const { seller: own } = await openPaywall(market, { host: 'rails.test', rails: [hold] })
    try {
      const url = 'http://rails.test/reports/5'
      const asked = await market.fetch(url)
      const { accepts } = decodePaymentRequiredHeader(asked.headers.get('PAYMENT-REQUIRED') ?? '')
      assert.deepEqual(
        accepts.map(({ scheme: name }) => name),
        ['earnest-escrow', 'hold-invoice'],
      )
      const invoice = accepts[1] ?? assert.fail()
      const header = headerOf(invoice, { paymentHash: invoice.extra.paymentHash })
      const headers = { 'PAYMENT-SIGNATURE': header }
      const first = await market.fetch(url, { headers })
      assert.deepEqual([first.status, await first.json()], [200, { report: '5' }])
      assert.equal(invoices.get(String(invoice.extra.paymentHash))?.state, 'settled')
      assert.equal((await market.fetch(url, { headers })).status, 402)
    } finally {
      await own.stop()
      market.hosts.set('seller.test', seller.fetch)
    }
  })

  test('the scheme signs nothing for another place, above its limit, or against its owner’s word', async () => {
    const accepted = await required('/reports/4')
    const sign = (own: ReturnType<typeof scheme>, changes: Partial<PaymentRequirements> = {}) =>
      own.createPaymentPayload(2, { ...accepted, ...changes })
    const journal = createMemoryStore()
    const elsewhere = `0x${'ab'.repeat(20)}`
    for (const changes of [
      { payTo: elsewhere },
      { asset: elsewhere },
      { network: 'eip155:1' as const },
    ]) {
      await assert.rejects(sign(scheme({ journal }), changes), { code: 'venue_mismatch' })
    }
    const { extra } = accepted
    const years = { ...(extra.task as PaywallTask), seconds: 10 * 365 * 86_400 }
    const long = { extra: { ...extra, task: years } }
    await assert.rejects(sign(scheme({ journal }), long), { code: 'too_long' })
    const vague = { ...(extra.task as PaywallTask), description: 'Anything' }
    const refused = { extra: { ...extra, task: vague } }
    await assert.rejects(sign(scheme({ journal }), refused), { code: 'negotiation_failed' })
    // What was refused is not paid for by who goes on with what is open.
    assert.deepEqual(await openTrades(journal), [])
    await assert.rejects(sign(scheme(), { amount: '5000001' }), { code: 'price_too_high' })
    await assert.rejects(sign(scheme({ mayPay: () => false })), { code: 'task_refused' })
    await assert.rejects(scheme().createPaymentPayload(1, accepted), {
      code: 'unsupported_version',
    })
  })

  test('a seller of reports that is hired by another way is paid the same, or gives the money back', async () => {
    const paid = await balance()
    const { extra } = await required('/reports/6')
    const { seconds, ...task } = extra.task as unknown as PaywallTask
    const wanted = { ...task, deadline: market.clock.now() + seconds }
    // Last of all: a refund is no good record, and these buyers hire all the same.
    const buyer = openBuyer(market, { trustPolicy })
    const cheap = await buyer.hire(SELLER_URL, { task: wanted, paymentUsdc: PRICE - 1n })
    assert.equal(cheap.settlementStatus, 'refunded')
    assert.deepEqual(made, [])
    const whole = await buyer.hire(SELLER_URL, { task: wanted, paymentUsdc: PRICE })
    assert.equal(whole.settlementStatus, 'released')
    assert.deepEqual(made.splice(0), ['/reports/6'])
    assert.equal(paid - (await balance()), PRICE)
  })
})
