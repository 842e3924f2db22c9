import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { refundCancelled } from '../../sdk/src/cancelled.ts'
import { discover } from '../../sdk/src/discovery/discover.ts'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { fund } from '../../sdk/src/escrow/fund.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { verifyLock } from '../../sdk/src/escrow/verifyLock.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { draftPact } from '../../sdk/src/negotiation/draft.ts'
import { encode } from '../../sdk/src/protocol/decode.ts'
import { EarnestError } from '../../sdk/src/protocol/error.ts'
import { proposalMessageSchema } from '../../sdk/src/protocol/message.ts'
import { hashPact, type Pact, type SignedPact, signPact } from '../../sdk/src/protocol/pact.ts'
import { registrationOf } from '../../sdk/src/registration.ts'
import { relayOf } from '../../sdk/src/relay.ts'
import type { Seller, SellerOptions } from '../../sdk/src/seller.ts'
import type { Job } from '../../sdk/src/skill.ts'
import { sweep } from '../../sdk/src/sweep.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openMarket,
  openSeller,
  SELLER_URL,
  sellerParty,
  taskOf,
  until,
  walletOf,
} from './support/market.ts'

describe('work', () => {
  let market: Market
  let jobs: Job[] = []
  const sellers: Seller[] = []
  const counting = {
    ...greeter,
    run: (job: Job) => {
      jobs.push(job)
      return greeter.run(job)
    },
  }
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 1_000_000_000n)
    await (await openSeller(market)).register()
  })
  after(async () => {
    for (const seller of sellers) await seller.stop()
    await market.close()
  })

  async function open(changes: Partial<SellerOptions> = {}): Promise<Seller> {
    jobs = []
    const seller = await openSeller(market, { skills: [counting], ...changes })
    sellers.push(seller)
    return seller
  }

  async function draft(parts?: readonly string[]): Promise<Pact> {
    const agent = await discover(SELLER_URL, { clock: market.clock, fetch: market.fetch })
    const { identity, wallet } = buyerParty
    const now = market.clock.now()
    const task = taskOf(market)
    const milestones = parts?.map((id, index) => ({
      title: id,
      paymentUsdc: 5_000_000n,
      fundBy: now + 3000 * index + 1500,
      deadlineUtc: now + 3000 * (index + 1),
      acceptance: [id],
      deliverableFormat: ['application/json'],
    }))
    const acceptance = parts?.map((id) => ({
      id,
      description: 'There is a greeting',
      weight: 1,
      verifier: { type: 'path' as const, file: 'deliverable.json', paths: ['/greeting'] },
    }))
    return draftPact({
      agent,
      oracle: await market.oracleFor().call('getOracle', {}),
      task:
        milestones && acceptance ? { ...task, milestones, acceptance, deadline: now + 6000 } : task,
      paymentUsdc: 10_000_000n,
      buyer: { did: identity.did, wallet: wallet.address },
      now,
    })
  }

  function signed(pact: Pact): SignedPact {
    return {
      pact,
      pactHash: hashPact(pact),
      buyerSignature: signPact({ pact, identity: buyerParty.identity }),
      sellerSignature: signPact({ pact, identity: sellerParty.identity }),
    }
  }

  /** A pact that this seller has agreed to and nobody has registered. */
  async function agree(seller: Seller): Promise<SignedPact> {
    const both = signed(await draft())
    const { pact, pactHash, buyerSignature: signature } = both
    const message = {
      taskType: 'pact_negotiation',
      payload: { pact, pactHash, signature },
    } as const
    const wire = encode(proposalMessageSchema, message, 'invalid_pact')
    const answer = (await seller.handleIncomingA2ATask(wire)) as { status: string }
    assert.equal(answer.status, 'accepted')
    return both
  }

  async function lock(both: SignedPact): Promise<void> {
    await fund(market.wallet(buyerParty.wallet), { signed: both })
    await until(async () => {
      const { status } = await verifyLock(market.ground.client, { pact: both.pact })
      return status === 'locked'
    })
  }

  const workOf = ({ pact, pactHash }: SignedPact) => ({
    taskType: pact.capability,
    escrowId: escrowOfPact({ pact }).escrowId as `0x${string}`,
    pactId: pactHash,
  })

  /** The seller's oracle with one route answered by the test. */
  function withRoute(
    name: string,
    answer: (ask: () => Promise<unknown>, options: never) => unknown,
  ): OracleClient {
    const oracle = market.oracleFor(sellerParty.identity)
    return {
      ...oracle,
      call: (async (route: never, options: never) => {
        const ask = () => oracle.call(route, options)
        return route === name ? await answer(ask, options) : await ask()
      }) as OracleClient['call'],
    }
  }

  const stateOf = async ({ pact }: SignedPact) =>
    (await readEscrow(market.ground.client, escrowOfPact({ pact }))).state

  test('[ATK-01] a pact that the buyer funded and never registered is registered by the seller before it works', async () => {
    const seen: string[] = []
    const seller = await open({
      skills: [
        {
          ...counting,
          run: async (job) => {
            const pactId = hashPact(job.pact)
            const { status } = await market.oracleFor().call('getPact', { params: { pactId } })
            seen.push(status)
            return counting.run(job)
          },
        },
      ],
    })
    const both = await agree(seller)
    await lock(both)
    const { pactHash: pactId } = both
    await assert.rejects(market.oracleFor().call('getPact', { params: { pactId } }), {
      code: 'pact_unknown',
    })
    const answer = await seller.work.begin(workOf(both))
    assert.equal(answer.status, 'completed')
    assert.equal(seen.length, 1)
    assert.notEqual(await stateOf(both), 'Funded')
  })

  test('an oracle that told of a registration and of its money is not asked about the pact', async () => {
    let asked = 0
    const oracle = withRoute('getPact', (ask) => {
      asked++
      return ask()
    })
    // Only the events say that there is something to do.
    const seller = await open({ oracle, sweepSeconds: 3600 })
    await seller.start()
    const both = await agree(seller)
    await market.oracleFor(buyerParty.identity).call('registerPact', registrationOf(both))
    await lock(both)
    await until(async () => (await stateOf(both)) !== 'Funded')
    await seller.stop()
    assert.deepEqual([jobs.length, asked], [1, 0])
  })

  test('[ATK-01] a pact whose nonce the buyer spent on other terms at the oracle is not worked on, and the refusal says why', async () => {
    const seller = await open()
    const both = await agree(seller)
    const other = signed({ ...both.pact, taskDescription: 'Something else under the same nonce' })
    await market.oracleFor(buyerParty.identity).call('registerPact', registrationOf(other))
    await lock(both)
    const answer = await seller.work.begin(workOf(both))
    assert.deepEqual(
      [answer.status, 'reasonCode' in answer && answer.reasonCode],
      ['declined', 'nonce_reused'],
    )
    assert.equal(jobs.length, 0)
    assert.equal(await stateOf(both), 'Funded')
  })

  test('a pact that was cancelled or expired at the oracle, or that the oracle cannot be asked about, is not worked on', async () => {
    for (const [status, code, why] of [
      ['cancelled', 'pact_cancelled', 'never'],
      ['expired', 'pact_expired', 'unknown'],
    ] as const) {
      const oracle = withRoute('getPact', async (ask) => ({
        ...((await ask()) as object),
        status,
        reason: status,
      }))
      const seller = await open({ oracle })
      const both = await agree(seller)
      await market.oracleFor(buyerParty.identity).call('registerPact', registrationOf(both))
      await lock(both)
      const admission = await seller.work.admit(workOf(both))
      assert.ok('refusal' in admission && admission.refusal.status === 'declined')
      assert.deepEqual([admission.refusal.reasonCode, admission.why], [code, why])
      assert.equal((await seller.work.begin(workOf(both))).status, 'declined')
      assert.equal(jobs.length, 0)
    }
    let isDown = true
    const retried: unknown[] = []
    const seller = await open({
      onEvent: (event) => void (event.type === 'retrying' && retried.push(event.detail)),
      oracle: withRoute('getPact', (ask) => {
        if (isDown) throw new EarnestError('oracle_unreachable', 'No answer', { retryable: true })
        return ask()
      }),
    })
    const both = await agree(seller)
    await lock(both)
    const declined = await seller.work.begin(workOf(both))
    assert.equal('reasonCode' in declined && declined.reasonCode, 'oracle_unreachable')
    assert.equal(jobs.length, 0)
    // Who runs the seller hears what stands in the way of money that is locked.
    assert.deepEqual(retried, ['oracle_unreachable'])
    isDown = false
    assert.equal((await seller.work.begin(workOf(both))).status, 'completed')
  })

  describe('an offer that was taken back', () => {
    async function cancelled(by: (seller: Seller, pactId: string) => Promise<unknown>) {
      const store = createMemoryStore()
      const first = await open({ store })
      const both = await agree(first)
      await market.oracleFor(buyerParty.identity).call('registerPact', registrationOf(both))
      await by(first, both.pactHash)
      await first.stop()
      return { store, both }
    }
    /** The money that the buyer sent in the same instant. */
    const slipIn = async (both: SignedPact) =>
      await fund(market.wallet(buyerParty.wallet), { signed: both })

    for (const [name, by] of Object.entries({
      'and funded in the same instant': (seller: Seller, pactId: string) =>
        seller.cancel(pactId, 'Sold elsewhere'),
      'by a process that died before it wrote that down, says an oracle behind the chain': (
        _: Seller,
        pactId: string,
      ) =>
        market
          .oracleFor(sellerParty.identity)
          .call('cancelPact', { params: { pactId }, body: { reason: 'Sold elsewhere' } }),
    })) {
      test(`${name}: the next process refunds what came and works on nothing`, async () => {
        const { store, both } = await cancelled(by)
        await slipIn(both)
        const refunds: string[] = []
        const next = await open({
          store,
          sweepSeconds: 0.1,
          oracle: withRoute('getPact', async (ask) => ({
            ...((await ask()) as object),
            status: 'cancelled',
          })),
          onEvent: (event) => void (event.type === 'refunded' && refunds.push(event.escrowId)),
        })
        await next.start()
        await until(async () => (await stateOf(both)) === 'Refunded')
        const { escrowId } = workOf(both)
        await until(async () => refunds.length > 0)
        assert.deepEqual(refunds, [escrowId])
        const answer = await next.work.begin(workOf(both))
        assert.equal('reasonCode' in answer && answer.reasonCode, 'pact_cancelled')
        assert.equal(jobs.length, 0)
        await next.stop()
      })
    }

    test('is watched until no money can come for it, and stays taken back for ever', async () => {
      const { store, both } = await cancelled((seller, pactId) => seller.cancel(pactId, 'No time'))
      const { fundBy } = both.pact.timing
      const before = (await store.keys('')).length
      // Another process forgets one of them between the list and the look.
      const listed = {
        ...store,
        keys: async (prefix: string) => [`${prefix}gone`, ...(await store.keys(prefix))],
      }
      const look = async (now: number) =>
        await refundCancelled({
          store: listed,
          client: market.wallet(sellerParty.wallet),
          relay: relayOf(market.oracleFor(sellerParty.identity)),
          clock: { now: () => now },
          onRefund: () => assert.fail('nothing was paid'),
        })
      await look(fundBy + 3599)
      assert.equal((await store.keys('')).length, before)
      await look(fundBy + 3600)
      assert.deepEqual(await store.keys('cancelled'), [`cancelled/${both.pactHash}`])
      assert.deepEqual(await store.keys('nonce/'), [])
      const again = await open({ store })
      const admission = await again.work.admit(workOf(both))
      assert.ok('refusal' in admission && 'reasonCode' in admission.refusal)
      assert.equal(admission.refusal.reasonCode, 'pact_cancelled')
    })

    test('is none where a part of it was worked on, whatever an oracle says of the next part', async () => {
      const store = createMemoryStore()
      const pact = await draft(['first', 'second'])
      const both = signed(pact)
      const key = `pact/${both.pactHash}`
      await store.set(key, true)
      const agreed = { signed: both, taskId: 'task' }
      const swept = async (
        known: readonly number[],
        {
          running = () => [],
          begun = new Set<string>(),
        }: { running?(): number[]; begun?: Set<string> } = {},
      ) => {
        const idOf = (milestone: number) => escrowOfPact({ pact, milestone }).escrowId as string
        const said = { status: 'declined', reasonCode: 'pact_cancelled', reason: 'Says the oracle' }
        const work = {
          resume: async () => {},
          knows: async (escrowId: string) => known.map(idOf).includes(escrowId),
          running: () => running().map(idOf),
          admit: async () => ({ refusal: said, why: 'never' }),
        }
        await sweep({
          store,
          negotiator: { agreed: async () => agreed } as never,
          work: work as never,
          clock: market.clock,
          begun,
        })
        return [await store.keys('pact/'), await store.keys('cancelled')]
      }
      // What a dispute about the part in hand needs is there, and nothing of it is paid back.
      assert.deepEqual(await swept([0]), [[key], []])
      assert.deepEqual(await swept([1]), [[key], []])
      // Messages are at the gate, and it is not known what becomes of them: looked at again.
      const begun = new Set<string>()
      assert.deepEqual(await swept([], { running: () => [0, 1], begun }), [[key], []])
      assert.deepEqual([...begun], [])
      // One comes to the gate after the sweep has looked for begun work.
      let looks = 0
      const late = { running: () => (looks++ % 2 === 1 ? [0, 1] : []), begun }
      assert.deepEqual(await swept([], late), [[key], []])
      const [papers = [], taken = []] = await swept([], { begun })
      assert.deepEqual([papers.length, taken.length], [0, 2])
    })

    test('is none where the work has begun, whatever an oracle behind the chain says', async () => {
      const seller = await open({ oracle: withRoute('cancelPact', () => ({})) })
      const both = await agree(seller)
      await lock(both)
      assert.equal((await seller.work.begin(workOf(both))).status, 'completed')
      await assert.rejects(seller.cancel(both.pactHash, 'Too late'), { code: 'already_funded' })
    })
  })

  test('the job ends by the chain: an oracle that takes a completion and loses it gets it again, newly signed', async () => {
    const nonces: string[] = []
    const events: string[] = []
    const seller = await open({
      onEvent: ({ type }) => events.push(type),
      oracle: withRoute('complete', async (ask, options: { body: { nonce: string } }) => {
        nonces.push(options.body.nonce)
        // At first it only says that it took it.
        if (nonces.length > 1) return await ask()
        return { result: 'PASS' }
      }),
    })
    const both = await agree(seller)
    await lock(both)
    const answer = await seller.work.begin(workOf(both))
    assert.equal(answer.status, 'completed')
    assert.notEqual(await stateOf(both), 'Funded')
    assert.equal(new Set(nonces).size, 2)
    assert.equal(jobs.length, 1)
    assert.deepEqual(events.slice(-2), ['submitted', 'delivered'])
  })

  test('a seller that stops between the receipt and the chain goes on with the same work after its restart', async () => {
    const store = createMemoryStore()
    const taken: string[] = []
    const first = await open({
      store,
      oracle: withRoute('complete', (_ask, options: { body: { nonce: string } }) => {
        taken.push(options.body.nonce)
        return { result: 'PASS' }
      }),
    })
    const both = await agree(first)
    await lock(both)
    const { escrowId } = workOf(both)
    const doomed = first.work.begin(workOf(both))
    await until(async () => taken.length === 1)
    assert.deepEqual(first.work.running(), [escrowId])
    await first.stop()
    await assert.rejects(doomed, { code: 'stopped' })
    assert.equal(await stateOf(both), 'Funded')

    const second = await open({ store })
    await second.start()
    await until(async () => (await stateOf(both)) !== 'Funded')
    await second.work.settled()
    const answer = await second.work.begin(workOf(both))
    assert.equal(answer.status, 'completed')
    // The first run's work was handed in; nothing was done twice.
    assert.equal(jobs.length, 0)
  })

  test('a store that fails for a moment ends no job: what was made is written down later, and handed in', async () => {
    const store = createMemoryStore()
    const events: string[] = []
    /** States that the next write of a job is to fail in. */
    const failing = new Set(['drafted', 'ended'])
    const seller = await open({
      store: {
        ...store,
        async swap(key, expected, value) {
          const { state = '' } = (value ?? {}) as { state?: string }
          if (key.startsWith('job/') && failing.delete(state)) throw new Error('No space left')
          return await store.swap(key, expected, value)
        },
      },
      onEvent: ({ type }) => events.push(type),
    })
    const both = await agree(seller)
    await lock(both)
    // The delivery is on chain; that it was answered could not be written down.
    await assert.rejects(seller.work.begin(workOf(both)), { message: 'No space left' })
    assert.equal(await stateOf(both), 'Delivered')
    assert.ok(!events.includes('failed'))

    const answer = await seller.work.begin(workOf(both))
    assert.equal(answer.status, 'completed')
    assert.equal(jobs.length, 1)
    assert.equal(failing.size, 0)
  })

  test('a job that ends while the open ones are listed is not begun again and not called failed', async () => {
    const store = createMemoryStore()
    const events: string[] = []
    const failures: unknown[] = []
    const written = Promise.withResolvers<void>()
    /** While it is set, who reads a job gets what stood there, but late. */
    let late: { read: () => void; until: Promise<void> } | undefined
    const seller = await open({
      store: {
        ...store,
        async get(key) {
          const value = await store.get(key)
          if (late === undefined || !key.startsWith('job/')) return value
          const { read, until } = late
          late = undefined
          read()
          await until
          return value
        },
      },
      oracle: withRoute('reportFailure', (_, options) => {
        failures.push(options)
      }),
      skills: [
        {
          ...counting,
          run: async (job) => {
            const files = await counting.run(job)
            await written.promise
            return files
          },
        },
      ],
      onEvent: ({ type }) => events.push(type),
    })
    const both = await agree(seller)
    await lock(both)
    const work = seller.work.begin(workOf(both))
    await until(async () => jobs.length === 1)

    const [read, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    late = { read: read.resolve, until: goOn.promise }
    const resuming = seller.work.resume()
    await read.promise
    // It is on the list now, as a job to be done; then it ends.
    written.resolve()
    const answer = await work
    assert.equal(answer.status, 'completed')
    goOn.resolve()
    await resuming
    await seller.work.settled()

    assert.equal(jobs.length, 1)
    assert.deepEqual(failures, [])
    assert.deepEqual(
      events.filter((type) => type === 'started' || type === 'failed' || type === 'delivered'),
      ['started', 'delivered'],
    )
    assert.deepEqual(await seller.work.begin(workOf(both)), answer)
    assert.equal(await stateOf(both), 'Delivered')
  })

  test('a funded pact outlives a chain that cannot be reached, long after its last moment of funding', async () => {
    const store = createMemoryStore()
    let isDown = false
    const wallet = walletOf(market.ground.url, sellerParty.wallet, async (input, init) => {
      if (isDown) throw new TypeError('fetch failed')
      return await fetch(input, init)
    })
    const seller = await open({ store, wallet })
    const both = await agree(seller)
    await lock(both)
    const { negotiator, work } = seller
    const lateFor = ({ pact }: SignedPact) => ({ now: () => pact.timing.fundBy + 3601 })
    const begun = new Set<string>()
    isDown = true
    await sweep({ store, negotiator, work, clock: lateFor(both), begun })
    assert.ok(await negotiator.agreed(both.pactHash))
    assert.equal(jobs.length, 0)

    const unfunded = await agree(seller)
    isDown = false
    await sweep({ store, negotiator, work, clock: lateFor(unfunded), begun })
    await until(async () => (await stateOf(both)) !== 'Funded')
    await work.settled()
    assert.equal(jobs.length, 1)
    // Where the chain answers that no money came, the offer is forgotten.
    assert.equal(await negotiator.agreed(unfunded.pactHash), undefined)
    // What is begun is looked up once more and then no longer, and its papers stay.
    const reads: string[] = []
    const seen: typeof store = {
      ...store,
      get: (key) => {
        reads.push(key)
        return store.get(key)
      },
    }
    const looking = { store: seen, work, clock: lateFor(both), begun }
    const watched = {
      ...negotiator,
      agreed: (id: string) => seen.get(`pact/${id}`).then(() => negotiator.agreed(id)),
    }
    await sweep({ ...looking, negotiator: watched })
    assert.deepEqual(reads, [`pact/${both.pactHash}`])
    assert.ok(begun.has(both.pactHash))
    await sweep({ ...looking, negotiator: watched })
    assert.equal(reads.length, 1)
    assert.ok(await negotiator.agreed(both.pactHash))
  })
})
