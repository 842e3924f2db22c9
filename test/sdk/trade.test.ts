import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ProbeFetch } from '../../oracle/src/negotiation/probe/measure.ts'
import { probeSellers } from '../../oracle/src/negotiation/probe/probe.ts'
import { createGuardedFetch } from '../../oracle/src/settlement/verify/guardedFetch.ts'
import { unpack } from '../../oracle/src/store/json.ts'
import type { TrustEvent } from '../../oracle/src/trust/event.ts'
import type { Progress } from '../../sdk/src/buyer.ts'
import { discover } from '../../sdk/src/discovery/discover.ts'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { fund } from '../../sdk/src/escrow/fund.ts'
import { fundByPermit } from '../../sdk/src/escrow/fundByPermit.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import type { OracleEvent } from '../../sdk/src/protocol/event.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import { encodePact, hashPact, signPact, verifyPactSignature } from '../../sdk/src/protocol/pact.ts'
import type { Seller, SellerEvent } from '../../sdk/src/seller.ts'
import { createSplits } from '../../sdk/src/splits.ts'
import { listen } from '../../sdk/src/trust/listen.ts'
import { verifyReceipts } from '../../sdk/src/verifyReceipts.ts'
import { agree, pactOf, party, register } from '../oracle/support/world.ts'
import { livelyMarket, START, settled } from '../oracle/trust/market.ts'
import {
  buyerParty,
  greeter,
  lenient,
  type Market,
  ORACLE_URL,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerOptionsOf,
  sellerParty,
  taskOf,
  until,
  walletOf,
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
      assert.equal(result.failure, null)

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

  test('[API-14] a partner is hired again with fewer requests and fewer looks at the chain', async () => {
    await withSeller({}, async () => {
      let asked: string[] = []
      let isFunded = false
      const note = (what: string) => {
        if (!isFunded) asked.push(what)
      }
      const via = (async (input, init) => {
        const request = new Request(input, init)
        note(`${request.method} ${new URL(request.url).pathname}`)
        return await market.fetch(request)
      }) as typeof globalThis.fetch
      const node = (async (input, init) => {
        const { method, params } = JSON.parse(String(init?.body)) as Record<string, unknown>
        note(`chain ${method} ${JSON.stringify(params)}`)
        return await fetch(input, init)
      }) as typeof globalThis.fetch
      const hireWith = (changes: Parameters<typeof openBuyer>[1]) =>
        openBuyer(market, {
          fetch: via,
          wallet: walletOf(market.ground.url, buyerParty.wallet, node),
          oracles: [market.oracleFor(buyerParty.identity, via)],
          trustPolicy: lenient,
          onProgress: ({ step }) => {
            if (step === 'funded') isFunded = true
          },
          ...changes,
        })
      const count = async (buyer: ReturnType<typeof openBuyer>) => {
        asked = []
        isFunded = false
        const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
        assert.equal((await buyer.hire(SELLER_URL, options)).settlementStatus, 'released')
        // Questions, and not how often a slow answer is asked for.
        const questions = [...new Set(asked)]
        const chain = questions.filter((what) => what.startsWith('chain '))
        return { chain: chain.length, http: questions.length - chain.length, asked: questions }
      }
      const partner = hireWith({ trustedPair: { minTransactions: 1 } })
      const first = await count(partner)
      const later = await count(partner)
      assert.ok(later.http < first.http, `${first.http} requests, then ${later.http}`)
      assert.ok(later.chain < first.chain, `${first.chain} looks, then ${later.chain}`)
      // What may have changed is asked every time: the record, and the registration of the new pact.
      assert.equal(later.asked.filter((what) => what.includes('/trust/')).length, 1)
      assert.equal(later.asked.filter((what) => what === 'POST /api/v1/pacts').length, 1)
      // Without the buyer's word nobody is a partner, and two trades are not three.
      for (const changes of [{}, { trustedPair: { minTransactions: 3 } }]) {
        const buyer = hireWith(changes)
        await count(buyer)
        const { asked: again } = await count(buyer)
        assert.ok(again.includes('GET /.well-known/agent-card.json'))
      }
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
        details: { reasonCode: 'price_too_high', reason: 'You want 6 USDC, we pay at most 5.5' },
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
    const thrown = new Error('no route to 10.0.0.7 with key sk-secret')
    const broken = {
      ...greeter,
      run: () => {
        throw thrown
      },
    }
    const events: SellerEvent[] = []
    const onEvent = (event: SellerEvent) => events.push(event)
    await withSeller({ skills: [broken], onEvent }, async () => {
      const before = await balanceOf(buyerParty.wallet.address)
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('5') }
      const result = await openBuyer(market).hire(SELLER_URL, options)
      assert.equal(result.settlementStatus, 'refunded')
      assert.equal(result.deliverable, undefined)
      // The buyer has the reason with its money, and the seller what its function threw.
      const { reportedAt, ...failure } = result.failure ?? {}
      assert.ok(reportedAt)
      assert.deepEqual(failure, {
        failureCode: 'execution_failed',
        failureReason: 'The work could not be done',
      })
      assert.ok(events.some((event) => event.type === 'failed' && event.error === thrown))
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
      // It is on record at the oracle, by its code alone, and the buyer was told.
      const oracle = market.oracleFor()
      let told: OracleEvent | undefined
      for await (const event of listen(oracle, { query: { escrowId } })) {
        if (event.type !== 'execution_failed') continue
        told = event
        break
      }
      assert.deepEqual(told?.agents, [buyerParty.identity.did, sellerParty.identity.did])
      const failures = await market.world.oracle.db
        .selectFrom('failure')
        .select(['did', 'reason'])
        .where('escrow_id', '=', escrowId)
        .execute()
      assert.deepEqual(
        failures.map(({ did }) => did),
        [sellerParty.identity.did],
      )
      assert.doesNotMatch(JSON.stringify([told, failures]), /secret|10\.0\.0\.7/)
    })
  })

  test('[DIS-15] all that is said goes to the endpoint of the signed card, wherever the card was found', async () => {
    const endpoint = 'http://work.test/a2a'
    const { card } = await sellerOptionsOf(market)
    await withSeller({ card: { ...card, endpoint } }, async () => {
      market.hosts.set('work.test', seller.fetch)
      // Where the card lies, nothing else is served.
      market.hosts.set('seller.test', (request) =>
        request.method === 'GET' ? seller.fetch(request) : new Response('no', { status: 500 }),
      )
      const posted: string[] = []
      const fetch = (async (input, init) => {
        const { method, url } = new Request(input, init)
        if (method !== 'GET' && !url.startsWith(ORACLE_URL)) posted.push(url)
        return await market.fetch(input, init)
      }) as typeof globalThis.fetch
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('1') }
      const buyer = openBuyer(market, { fetch, trustPolicy: lenient })
      assert.equal((await buyer.hire(SELLER_URL, options)).settlementStatus, 'released')
      // The proposal and the word to begin, at least.
      assert.ok(posted.length >= 2)
      assert.deepEqual([...new Set(posted)], [endpoint])
    })
    market.hosts.delete('work.test')
  })

  test('[DIS-10] less than the list price draws a counter-offer at it, never a silent yes', async () => {
    await withSeller({}, async () => {
      const { clock, fetch } = market
      const { pricing } = await discover(SELLER_URL, { clock, fetch })
      const answers: string[] = []
      const buyer = openBuyer(market, {
        trustPolicy: lenient,
        negotiationPolicy: { maxPaymentUsdc: parseUsdc('2') },
        onProgress: (progress) => {
          if (progress.step === 'countered') answers.push(progress.reasonCode)
        },
      })
      const options = { task: taskOf(market), paymentUsdc: pricing.perTask - 1n }
      const { receipts } = await buyer.hire(SELLER_URL, options)
      assert.equal(receipts.signed.pact.paymentUsdc, pricing.perTask)
      assert.equal(encodePact(receipts.signed.pact).proposedBy, sellerParty.identity.did)
      assert.equal(answers.length, 1)
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

  test('[DIS-11] the oracle asks for work as a stranger would; a reply in the promised time counts for latency, a later one lowers it', async () => {
    await withSeller({}, async () => {
      const { oracle } = market.world
      const { db } = oracle
      const asked: { url: string; headers: Headers; body: unknown }[] = []
      let elapsed = 0
      let takes = 0
      let answers: 'seller' | 'garbage' | 'nothing' = 'seller'
      let promises = 300_000
      const fetch: ProbeFetch = async ({ method, url, headers, body }) => {
        const init = { method, headers, ...(body && { body: Buffer.from(body) }) }
        const text = body ? new TextDecoder().decode(body) : 'null'
        asked.push({ url, headers: new Headers(headers), body: JSON.parse(text) })
        if (answers === 'nothing') return null
        const response = await market.fetch(url, init)
        if (method === 'POST') elapsed += takes
        const bytes = new Uint8Array(await response.arrayBuffer())
        const isGarbage = answers === 'garbage' && method === 'POST'
        const said = Buffer.from(bytes).toString()
        const card = said.replaceAll(/("maxResponseTimeMs":)\d+/g, `$1${promises}`)
        return { status: response.status, body: Buffer.from(isGarbage ? '{}' : card) }
      }
      const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
      const monotonic = () => elapsed
      const probing = { ...oracle, fetch, probesPerHour: 60, random, monotonic }
      const again = () =>
        db.updateTable('reply_probe').set({ next_at: 0, leased_until: null }).execute()
      const timed = () =>
        db
          .selectFrom('journal')
          .select('data')
          .where('action', '=', 'reply_timed')
          .orderBy('seq')
          .execute()
      // Two processes on one database ask it once.
      takes = 299_000
      const both = await Promise.all([probeSellers(probing), probeSellers(probing)])
      assert.deepEqual(both.toSorted(), [0, 1])
      const [first] = (await timed()).map(({ data }) => JSON.parse(data))
      assert.deepEqual(first, {
        capability: 'greeting',
        promisedMs: 300_000,
        rule: 'reply-time/1',
        tookMs: 299_000,
      })
      // Not due again, and within the budget of the hour.
      assert.equal(await probeSellers(probing), 0)
      await again()
      assert.equal(await probeSellers({ ...probing, probesPerHour: 1 }), 0)

      // Nobody can tell it from a stranger's: the same members as the SDK's own buyer sends, a new key and
      // wallet, less than the list price, and no agent that is known here.
      const bids = asked
        .filter(({ body }) => body !== null)
        .map(({ headers, body }) => ({ headers, body: body as SentCall }))
      const sent: { headers: Headers; body: SentCall }[] = []
      const buyer = openBuyer(market, {
        // By now others have traded here as well, and the record of few trades is no recommendation.
        trustPolicy: lenient,
        fetch: async (input, init) => {
          const request = new Request(input, init)
          if (request.method === 'POST' && request.url.startsWith(SELLER_URL)) {
            const { headers } = request
            sent.push({ headers, body: (await request.clone().json()) as SentCall })
          }
          return await market.fetch(request)
        },
      })
      await buyer.executeAgentToAgentTransaction(SELLER_URL, taskOf(market), 1)
      const [bid] = bids
      const own = sent.find(({ body }) => pactIn(body))
      assert.ok(bid && own)
      assert.deepEqual(shapeOf(bid.body), shapeOf(own.body))
      const named = ({ headers }: { headers: Headers }) =>
        [...headers.keys()].filter((name) => name !== 'user-agent').toSorted()
      assert.deepEqual(named(bid), named(own))
      const pact = pactIn(bid.body)
      assert.ok(pact && parseUsdc(pact.paymentUsdc) < 1_000_000n)
      const known = await db
        .selectFrom('agent')
        .select('did')
        .where('did', '=', pact.buyer.did)
        .execute()
      assert.deepEqual(known, [])

      // Late, and answered with something else.
      for (const way of ['late', 'garbage'] as const) {
        answers = way === 'garbage' ? 'garbage' : 'seller'
        takes = way === 'late' ? 300_001 : 0
        await again()
        assert.equal(await probeSellers(probing), 1, way)
      }
      const all = (await timed()).map(({ data }) => JSON.parse(data).tookMs)
      assert.deepEqual(all, [299_000, null, null])
      const buyers = bids
        .concat(
          asked.flatMap(({ headers, body }) => (body ? [{ headers, body: body as SentCall }] : [])),
        )
        .flatMap(({ body }) => pactIn(body)?.buyer.did ?? [])
      assert.ok(new Set(buyers).size >= 3)

      // What the record learns: one in time, two that lower the dimension of a seller that has one.
      const rows = await db.selectFrom('fact').select('fact').orderBy('seq').execute()
      const observed = rows
        .map(({ fact }) => unpack<TrustEvent>(fact))
        .filter((fact) => fact.kind === 'observation')
      assert.deepEqual(
        observed.map(({ agent, dimension, mark }) => [agent, dimension, mark]),
        [1, 0, 0].map((mark) => [sellerParty.identity.did, 'latency', mark]),
      )
      const model = livelyMarket(10)
      const facts = { fundedAt: START - 1000, deliveredAt: START - 900, deliverBy: START }
      for (const n of [0, 1, 3, 4, 5, 6, 7, 8]) {
        model.apply(settled({ buyer: `p${n}`, seller: 'p2', at: START - 100 + n, facts }))
      }
      const latencies = [undefined, ...observed].map((fact) => {
        if (fact) model.apply({ ...fact, agent: 'p2', at: START })
        const { scoreBreakdown } = model.assess({ agent: 'p2', role: 'seller', now: START })
        return scoreBreakdown.latency ?? Number.NaN
      })
      const [none = 0, inTime = 0, late = 0, garbled = 0] = latencies
      assert.ok(inTime >= none && late < inTime && garbled < late, latencies.join(' '))

      // A pact that nobody paid for is no trade: else whoever registers one for nothing would choose what all
      // sellers are asked, be it too long for them to read.
      const parties = { ...market.world, buyer: buyerParty, seller: sellerParty }
      const unpaid = pactOf(parties, { capability: 'greeting', taskDescription: 'x'.repeat(9000) })
      await agree(parties, unpaid)
      answers = 'seller'
      takes = 0
      await again()
      assert.equal(await probeSellers(probing), 1)
      const latest = asked
        .flatMap(({ body }) => pactIn((body ?? {}) as Partial<SentCall>) ?? [])
        .at(-1)
      assert.ok(latest && latest.taskDescription !== unpaid.taskDescription)

      // What is promised for later than anybody waits for here is not late before that.
      promises = 600_000
      takes = 400_000
      await again()
      assert.equal(await probeSellers(probing), 0)

      // What lies between us and a seller is no answer of its: nothing is counted, nor is anything asked of a
      // place that only this machine reaches.
      answers = 'nothing'
      await again()
      assert.equal(await probeSellers(probing), 0)
      await again()
      assert.equal(await probeSellers({ ...probing, fetch: createGuardedFetch() }), 0)
      assert.equal((await timed()).length, 4)
    })
  })
})

/** A call of JSON-RPC that carries a message. */
type SentCall = {
  params: { message: { parts: { data: { payload?: { pact?: SentPact } } }[] } }
}
type SentPact = { buyer: { did: string }; paymentUsdc: string; taskDescription: string }

function pactIn({ params }: Partial<SentCall>): SentPact | undefined {
  return params?.message?.parts.find(({ data }) => data?.payload?.pact)?.data.payload?.pact
}

/** The members of an object, down to where the task's own words begin. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, ['input', 'verifier'].includes(name) ? '' : shapeOf(each)]),
  )
}
