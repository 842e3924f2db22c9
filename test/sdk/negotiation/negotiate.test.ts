import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { privateKeyToAccount } from 'viem/accounts'
import { escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import type { Channel, Reply } from '../../../sdk/src/negotiation/channel.ts'
import {
  evaluatePactTerms,
  type SellerPolicy,
  type TermsEvaluation,
} from '../../../sdk/src/negotiation/evaluate.ts'
import { type BuyerPolicy, evaluateCounter } from '../../../sdk/src/negotiation/evaluateCounter.ts'
import { type NegotiateOptions, negotiate } from '../../../sdk/src/negotiation/negotiate.ts'
import { createNegotiator, type NegotiatorOptions } from '../../../sdk/src/negotiation/respond.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { decode, encode } from '../../../sdk/src/protocol/decode.ts'
import { hashBytes } from '../../../sdk/src/protocol/hash.ts'
import { createIdentity } from '../../../sdk/src/protocol/identity.ts'
import {
  type ProposalMessage,
  proposalMessageSchema,
  requestMessageSchema,
  responseMessageSchema,
  signRejection,
} from '../../../sdk/src/protocol/message.ts'
import { parseUsdc } from '../../../sdk/src/protocol/money.ts'
import {
  decodePact,
  encodePact,
  hashPact,
  type Pact,
  type PactWire,
  signPact,
  verifyPactSignature,
} from '../../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import type { Assessment } from '../../../sdk/src/trust/assess.ts'

const now = 1_790_000_000
const buyer = createIdentity({ secretKey: new Uint8Array(32).fill(1) })
const seller = createIdentity({ secretKey: new Uint8Array(32).fill(2) })
const stranger = createIdentity({ secretKey: new Uint8Array(32).fill(3) })
const addressOf = (byte: number) =>
  privateKeyToAccount(`0x${byte.toString(16).padStart(2, '0').repeat(32)}`).address
const [buyerWallet, sellerWallet, contract, token, arbiter] = [11, 12, 13, 14, 15].map(
  addressOf,
) as [`0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`]

function pactOf(changes: Partial<PactWire> = {}): Pact {
  return decodePact({
    version: '1',
    buyer: { did: buyer.did, wallet: buyerWallet.toLowerCase() },
    seller: { did: seller.did, wallet: sellerWallet.toLowerCase() },
    proposedBy: buyer.did,
    proposedTo: seller.did,
    capability: 'dcf_modeling',
    taskDescription: 'A five-year DCF model with three scenarios',
    input: { ticker: 'ACME' },
    deliverableFormat: ['application/json'],
    acceptance: [
      {
        id: 'model',
        description: 'The model is there',
        weight: 1,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/dcfModel'] },
      },
    ],
    paymentUsdc: '500',
    deadlineUtc: formatUtc(now + 7200),
    timing: {
      profile: 'agent',
      fundBy: formatUtc(now + 3600),
      windows: { review: 43_200, response: 86_400, negotiation: 86_400, arbitration: 259_200 },
    },
    escrow: {
      chainId: 31337,
      contract: contract.toLowerCase(),
      token: token.toLowerCase(),
      arbiter: arbiter.toLowerCase(),
      vault: '0x0000000000000000000000000000000000000000',
      fees: { protocolBps: 50, arbitrationBps: 100, recipient: arbiter.toLowerCase() },
      fallback: { sellerBps: 5000 },
      ladder: '0'.repeat(64),
    },
    disclosure: { committee: false, judges: [] },
    proposedAt: formatUtc(now),
    nonce: crypto.randomUUID(),
    salt: 'ab'.repeat(32),
    ...changes,
  } as PactWire)
}

const policy: SellerPolicy = {
  capabilities: { dcf_modeling: { minPaymentUsdc: parseUsdc('600'), minSeconds: 3600 } },
  inputFormats: ['application/json', 'text/csv'],
  outputFormats: ['application/json', 'application/pdf'],
  minDescriptionLength: 20,
  machineCheckedOnly: true,
  escrows: [{ chainId: 31337, contract, token }],
  arbiters: [arbiter],
  maxProtocolFeeBps: 100,
  maxArbitrationFeeBps: 200,
  minFallbackSellerBps: 2000,
  maxReviewWindow: 86_400,
}

const wide: BuyerPolicy = {
  maxPaymentUsdc: parseUsdc('650'),
  latestDeadline: now + 20_000,
  acceptScopeChange: false,
}

const assessment = { approved: true, reason: 'ok' } as Assessment

/** A seller in this process, reached over a channel that passes wire JSON only. */
function marketOf(options: Partial<NegotiatorOptions> = {}) {
  const clock = createManualClock(now)
  const store = createMemoryStore()
  const negotiator = createNegotiator({
    identity: seller,
    wallet: sellerWallet,
    store,
    clock,
    evaluate: (pact) => evaluatePactTerms(pact, { policy, now: clock.now() }),
    ...options,
  })
  const sent: object[] = []
  let task = 0
  const channel: Channel = {
    async send(payload, { taskId } = {}): Promise<Reply> {
      sent.push(payload)
      const message = decode(
        requestMessageSchema,
        JSON.parse(JSON.stringify(payload)),
        'invalid_message',
      )
      assert.ok('payload' in message && message.taskType !== 'settlement_offer')
      const id = taskId ?? `task-${++task}`
      const response = await negotiator.respond(message, { taskId: id, caller: buyer.did })
      const wire = encode(responseMessageSchema, response, 'invalid_response')
      return {
        taskId: id,
        contextId: 'context',
        isTerminal: false,
        response: decode(responseMessageSchema, JSON.parse(JSON.stringify(wire)), 'invalid'),
        text: '',
      }
    },
    read: async () => {
      throw new Error('unused')
    },
  }
  const bargain = (changes: Partial<NegotiateOptions> = {}) =>
    negotiate({
      assessment,
      channel,
      identity: buyer,
      pact: pactOf(),
      policy: wide,
      clock,
      ...changes,
    })
  return { clock, store, negotiator, channel, sent, bargain }
}

function proposalOf(pact: Pact, changes: Partial<ProposalMessage['payload']> = {}) {
  const payload = {
    pact,
    pactHash: hashPact(pact),
    signature: signPact({ pact, identity: pact.buyer.did === buyer.did ? buyer : seller }),
    ...changes,
  }
  return { taskType: 'pact_negotiation', payload } as const
}

const turn = { taskId: 't', caller: undefined }

describe('negotiate', () => {
  test('an acceptable proposal is signed by both in one round, and registered hashes agree', async () => {
    const { bargain, negotiator } = marketOf()
    const { signed, pactId, rounds } = await bargain({ pact: pactOf({ paymentUsdc: '600' }) })
    assert.equal(rounds, 1)
    assert.equal(hashPact(signed.pact), pactId)
    const sides = [
      [buyer.did, signed.buyerSignature],
      [seller.did, signed.sellerSignature],
    ] as const
    for (const [did, signature] of sides) {
      assert.ok(verifyPactSignature({ pact: signed.pact, did, signature }))
    }
    assert.deepEqual((await negotiator.agreed(pactId))?.signed, signed)
  })

  test('a counter within the policy is accepted and both sign the amended hash', async () => {
    const { bargain, negotiator, sent } = marketOf()
    const { signed, rounds } = await bargain()
    assert.equal(rounds, 1)
    assert.equal(signed.pact.paymentUsdc, parseUsdc('600'))
    assert.equal((sent[1] as { taskType: string }).taskType, 'pact_acceptance')
    assert.deepEqual((await negotiator.agreed(signed.pactHash))?.signed, signed)
  })

  test('[API-05] a rejection is a typed error that carries the reason, and the seller has signed nothing', async () => {
    const { bargain, store } = marketOf()
    const pact = pactOf({ deliverableFormat: ['image/png'] })
    await assert.rejects(bargain({ pact }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'negotiation_failed')
      assert.equal(error.message, 'Pact negotiation failed: We do not write image/png')
      return true
    })
    assert.deepEqual(await store.keys('pact/'), [])
  })

  test('[PCT-19] three rounds are made, a fourth proposal is refused, and time ends it too', async () => {
    const { bargain } = marketOf()
    const stubborn = { ...wide, maxPaymentUsdc: parseUsdc('500') }
    const counter = () => pactOf()
    let rounds = 0
    await assert.rejects(
      bargain({ policy: stubborn, counter, onRound: (round) => (rounds = round) }),
      { code: 'rounds_exhausted' },
    )
    assert.equal(rounds, 3)
    const place = { taskId: 'one' }
    const fresh = marketOf()
    const propose = async () => {
      const message = encode(proposalMessageSchema, proposalOf(pactOf()), 'invalid_pact')
      return (await fresh.channel.send(message, place)).response
    }
    for (let round = 1; round <= 3; round++) {
      assert.equal((await propose())?.status, 'counter_proposed')
    }
    const fourth = await propose()
    assert.ok(fourth?.status === 'rejected' && fourth.reasonCode === 'rounds_exhausted')

    // How many, each side says for itself.
    for (const [own, theirs] of [
      [5, 5],
      [5, 2],
      [2, 5],
    ] as const) {
      const { bargain: again } = marketOf({ rounds: theirs })
      let made = 0
      const options = { policy: stubborn, counter, rounds: own, onRound: () => void made++ }
      await assert.rejects(again(options), (error) => {
        const told = error as { code?: string; details?: { reasonCode?: string } }
        return [told.code, told.details?.reasonCode].includes('rounds_exhausted')
      })
      assert.equal(made, own > theirs ? theirs + 1 : own)
    }

    const { bargain: haggle, channel: slow, clock } = marketOf()
    const late = {
      ...slow,
      send: async (...args: Parameters<Channel['send']>) => {
        const reply = await slow.send(...args)
        clock.set(clock.now() + 200)
        return reply
      },
    }
    await assert.rejects(
      haggle({ channel: late, policy: stubborn, counter, timeoutSeconds: 100 }),
      { code: 'negotiation_timeout' },
    )
  })

  test('[PCT-19] a new task for every proposal does not make a fourth: the seller counts by buyer and work, until time or an agreement ends it', async () => {
    const { negotiator, clock } = marketOf()
    let task = 0
    const propose = async (changes: Partial<PactWire> = {}) => {
      const at = clock.now()
      const pact = pactOf({
        proposedAt: formatUtc(at),
        deadlineUtc: formatUtc(at + 7200),
        timing: { ...encodePact(pactOf()).timing, fundBy: formatUtc(at + 3600) },
        ...changes,
      })
      const where = { taskId: `task-${task++}`, caller: buyer.did }
      const response = await negotiator.respond(proposalOf(pact), where)
      return response.status === 'rejected' ? response.reasonCode : response.status
    }
    for (const paymentUsdc of ['500', '501', '502']) {
      assert.equal(await propose({ paymentUsdc }), 'counter_proposed')
    }
    assert.equal(await propose({ paymentUsdc: '503' }), 'rounds_exhausted')
    // Another wording of the same work is the same work; other work is not.
    const taskDescription = 'A five-year DCF model, worded differently'
    assert.equal(await propose({ paymentUsdc: '600', taskDescription }), 'rounds_exhausted')
    assert.equal(await propose({ input: { ticker: 'OTHER' } }), 'counter_proposed')
    clock.set(clock.now() + 901)
    assert.equal(await propose({ paymentUsdc: '504' }), 'counter_proposed')
    assert.equal(await propose({ paymentUsdc: '505' }), 'counter_proposed')
    assert.equal(await propose({ paymentUsdc: '600' }), 'accepted')
    assert.equal(await propose({ paymentUsdc: '506' }), 'counter_proposed')
    // Ten pieces of work at once, and no more.
    let answers = 0
    while ((await propose({ input: { ticker: `T${answers}` } })) === 'counter_proposed') answers++
    assert.equal(answers, 29)
  })

  test('a buyer that changes its price meets the seller in the second round', async () => {
    const { bargain } = marketOf()
    const { signed, rounds } = await bargain({
      policy: { ...wide, maxPaymentUsdc: parseUsdc('500') },
      counter: () => pactOf({ paymentUsdc: '600' }),
    })
    assert.equal(rounds, 2)
    assert.equal(signed.pact.paymentUsdc, parseUsdc('600'))
  })

  test('a seller’s lies are found: another hash, another pact, no signature, an unknown answer', async () => {
    const { bargain, channel } = marketOf()
    const pact = pactOf({ paymentUsdc: '600' })
    const lie = (
      change: (response: Record<string, unknown>) => unknown,
    ): Partial<NegotiateOptions> => ({
      pact,
      channel: {
        ...channel,
        send: async (...args) => {
          const reply = await channel.send(...args)
          return { ...reply, response: change({ ...reply.response }) as Reply['response'] }
        },
      },
    })
    const cases: [Parameters<typeof lie>[0], string][] = [
      [(r) => ({ ...r, pactHash: 'ff'.repeat(32) }), 'pact_hash_mismatch'],
      [(r) => ({ ...r, sellerSignature: 'ab'.repeat(64) }), 'invalid_seller_signature'],
      [
        (r) => ({ ...r, sellerSignature: signPact({ pact: pactOf(), identity: seller }) }),
        'invalid_seller_signature',
      ],
      [() => undefined, 'invalid_response'],
      [() => ({ status: 'working', pactId: 'a', escrowId: '0x' }), 'invalid_response'],
      [() => ({ status: 'declined', reasonCode: 'busy', reason: 'Busy' }), 'negotiation_failed'],
    ]
    for (const [change, code] of cases) await assert.rejects(bargain(lie(change)), { code })
  })

  test('[PCT-23] accepted, countered and rejected are each handled', async () => {
    const { bargain } = marketOf()
    const statuses: string[] = []
    const onRound: NegotiateOptions['onRound'] = (_, { status }) => statuses.push(status)
    await bargain({ pact: pactOf({ paymentUsdc: '600' }), onRound })
    await bargain({ onRound })
    const pact = pactOf({ deliverableFormat: ['image/png'] })
    await assert.rejects(bargain({ pact, onRound }), { code: 'negotiation_failed' })
    assert.deepEqual(statuses, ['accepted', 'counter_proposed', 'rejected'])
  })

  test('error: a seller that did not pass the policy is never talked to', async () => {
    const { bargain, sent } = marketOf()
    const refused = { approved: false, reason: 'Score 1 below threshold 800' } as Assessment
    await assert.rejects(bargain({ assessment: refused }), { code: 'not_approved' })
    assert.equal(sent.length, 0)
  })
})

describe('createNegotiator', () => {
  async function codeOf(message: ProposalMessage, options: Partial<NegotiatorOptions> = {}) {
    const { negotiator, store } = marketOf(options)
    const response = await negotiator.respond(message, turn)
    assert.deepEqual(await store.keys('pact/'), [], 'nothing was signed')
    return response.status === 'rejected' ? response.reasonCode : response.status
  }
  const fair = () => pactOf({ paymentUsdc: '600' })

  test('[PCT-02] a proposer that did not sign, or is not the buyer, is refused', async () => {
    const pact = fair()
    const signature = stranger.sign({ type: 'pact', body: encodePact(pact) })
    assert.equal(await codeOf(proposalOf(pact, { signature })), 'proposer_mismatch')
    const message = proposalOf(fair())
    const { negotiator } = marketOf()
    const response = await negotiator.respond(message, { taskId: 't', caller: stranger.did })
    assert.ok(response.status === 'rejected' && response.reasonCode === 'proposer_mismatch')
    const foreign = pactOf({ proposedBy: seller.did, proposedTo: buyer.did, paymentUsdc: '600' })
    assert.equal(await codeOf(proposalOf(foreign)), 'proposer_mismatch')
  })

  test('[PCT-03] a pact for another agent or another wallet is refused', async () => {
    const other = pactOf({
      seller: { did: stranger.did, wallet: sellerWallet.toLowerCase() },
      proposedTo: stranger.did,
    })
    assert.equal(await codeOf(proposalOf(other)), 'wrong_addressee')
    const wallet = pactOf({ seller: { did: seller.did, wallet: addressOf(99).toLowerCase() } })
    assert.equal(await codeOf(proposalOf(wallet)), 'wrong_wallet')
  })

  test('an agreed pact is what the store has, whatever a reader did to the one it was given', async () => {
    const { bargain, negotiator, store } = marketOf()
    const { pactId } = await bargain({ pact: fair() })
    const first = await negotiator.agreed(pactId)
    assert.ok(first)
    const { escrowId } = escrowOfPact({ pact: first.signed.pact })
    assert.equal(await negotiator.agreed(pactId), first, 'read once')

    first.signed.pact.paymentUsdc = parseUsdc('700')
    assert.notEqual(escrowOfPact({ pact: first.signed.pact }).escrowId, escrowId)
    const again = await negotiator.agreed(pactId)
    assert.equal(again?.signed.pact.paymentUsdc, parseUsdc('600'))
    assert.equal(escrowOfPact({ pact: again.signed.pact }).escrowId, escrowId)
    escrowOfPact({ pact: again.signed.pact }).terms.amount = 1n
    assert.equal(escrowOfPact({ pact: again.signed.pact }).terms.amount, parseUsdc('600'))

    // Another process of this seller may have written or deleted it since.
    const wire = (await store.get(`pact/${pactId}`)) as object
    await store.set(`pact/${pactId}`, { ...wire, taskId: 'another' })
    assert.equal((await negotiator.agreed(pactId))?.taskId, 'another')
    await store.delete(`pact/${pactId}`)
    assert.equal(await negotiator.agreed(pactId), undefined)
  })

  test('[W-10] [PCT-17] a hash that is not the pact’s is never signed', async () => {
    const cheap = pactOf({ paymentUsdc: '1' })
    assert.equal(
      await codeOf(proposalOf(fair(), { pactHash: hashPact(cheap) })),
      'pact_hash_mismatch',
    )
    const { negotiator } = marketOf()
    await negotiator.respond(proposalOf(pactOf()), turn)
    const acceptance = {
      taskType: 'pact_acceptance',
      payload: {
        pactHash: hashPact(cheap),
        acceptedBy: buyer.did,
        acceptedAt: now,
        signature: signPact({ pact: cheap, identity: buyer }),
        amendments: null,
      },
    } as const
    const response = await negotiator.respond(acceptance, turn)
    assert.ok(response.status === 'rejected' && response.reasonCode === 'unknown_pact')
  })

  test('[PCT-08] [PCT-11] clocks that differ by more than five minutes and past deadlines are refused', async () => {
    const at = (seconds: number) => formatUtc(seconds)
    const skewed = pactOf({ paymentUsdc: '600', proposedAt: at(now - 301) })
    assert.equal(await codeOf(proposalOf(skewed)), 'clock_skew')
    const early = pactOf({ paymentUsdc: '600', proposedAt: at(now + 301) })
    assert.equal(await codeOf(proposalOf(early)), 'clock_skew')
    const { negotiator } = marketOf()
    const fine = pactOf({ paymentUsdc: '600', proposedAt: at(now - 300) })
    assert.equal((await negotiator.respond(proposalOf(fine), turn)).status, 'accepted')
    const clock = createManualClock(now + 250)
    const late = pactOf({
      paymentUsdc: '600',
      deadlineUtc: at(now + 250),
      timing: { ...encodePact(pactOf()).timing, fundBy: at(now + 100) },
    })
    assert.equal(await codeOf(proposalOf(late), { clock }), 'deadline_passed')
  })

  test('[PCT-12] the same nonce with the same terms gets the same answer, with other terms none', async () => {
    const { negotiator, store } = marketOf()
    const pact = fair()
    const first = await negotiator.respond(proposalOf(pact), turn)
    const again = await negotiator.respond(proposalOf(pact), { ...turn, taskId: 'other' })
    assert.deepEqual(again, first)
    const { nonce } = pact
    const other = pactOf({ paymentUsdc: '700', nonce })
    const response = await negotiator.respond(proposalOf(other), turn)
    assert.ok(response.status === 'rejected' && response.reasonCode === 'nonce_reused')
    assert.equal((await store.keys('pact/')).length, 1)
    const countered = pactOf()
    const counter = await negotiator.respond(proposalOf(countered), { ...turn, taskId: 'c' })
    assert.equal(counter.status, 'counter_proposed')
    assert.deepEqual(
      await negotiator.respond(proposalOf(countered), { ...turn, taskId: 'd' }),
      counter,
    )
  })

  test('copies of one proposal at the same time make one pact', async () => {
    const { negotiator, store } = marketOf()
    const message = proposalOf(fair())
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        negotiator.respond(message, { ...turn, taskId: `t${index}` }),
      ),
    )
    assert.equal(new Set(answers.map((each) => JSON.stringify(each))).size, 1)
    assert.equal((await store.keys('pact/')).length, 1)
  })

  test('a rejected counter is closed: it cannot be accepted afterwards, and a stranger cannot close it', async () => {
    const { negotiator } = marketOf()
    const counter = await negotiator.respond(proposalOf(pactOf()), turn)
    assert.ok(counter.status === 'counter_proposed')
    const { amendedPact, amendedPactHash: pactHash } = counter
    const rejectAs = async (who: typeof buyer) => {
      const body = {
        pactHash,
        rejectedBy: who.did,
        rejectedAt: now,
        reasonCode: 'price_too_high',
        rejectionReason: 'Too dear',
      }
      const payload = { ...body, signature: signRejection({ body, identity: who }) }
      return await negotiator.respond({ taskType: 'pact_rejection', payload }, turn)
    }
    const accept = async () => {
      const signature = signPact({ pact: amendedPact, identity: buyer })
      const payload = {
        pactHash,
        acceptedBy: buyer.did,
        acceptedAt: now,
        signature,
        amendments: null,
      }
      return await negotiator.respond({ taskType: 'pact_acceptance', payload }, turn)
    }
    const foreign = await rejectAs(stranger)
    assert.ok(foreign.status === 'rejected' && foreign.reasonCode === 'unknown_pact')
    const own = await rejectAs(buyer)
    assert.ok(own.status === 'rejected' && own.reasonCode === 'rejected_by_buyer')
    const late = await accept()
    assert.ok(late.status === 'rejected' && late.reasonCode === 'unknown_pact')
  })
})

describe('evaluatePactTerms', () => {
  const judge = (changes: Partial<PactWire>, own: Partial<SellerPolicy> = {}): TermsEvaluation =>
    evaluatePactTerms(pactOf({ paymentUsdc: '600', ...changes }), {
      policy: { ...policy, ...own },
      now,
    })

  test('[API-07] accepts, counters and refuses', () => {
    assert.equal(judge({}).acceptable, true)
    const counter = judge({ paymentUsdc: '500' })
    assert.equal(counter.acceptable, false)
    assert.deepEqual(counter.counterProposal, { paymentUsdc: parseUsdc('600') })
    const refusal = judge({ taskDescription: 'Do it' })
    assert.equal(refusal.acceptable, false)
    assert.equal(refusal.counterProposal, undefined)
  })

  test('[PCT-16] price, deadline and scope each refuse or counter with their own code', () => {
    assert.equal(judge({ paymentUsdc: '599.999999' }).reasonCode, 'price_too_low')
    assert.equal(judge({ paymentUsdc: '600' }).reasonCode, 'acceptable')
    const soon = {
      deadlineUtc: formatUtc(now + 3599),
      timing: { ...encodePact(pactOf()).timing, fundBy: formatUtc(now + 60) },
    }
    const deadline = judge(soon)
    assert.equal(deadline.reasonCode, 'deadline_too_soon')
    assert.deepEqual(deadline.counterProposal, { deadlineUtc: now + 3600 })
    assert.equal(judge({ ...soon, deadlineUtc: formatUtc(now + 3600) }).acceptable, true)
    assert.equal(judge({ acceptance: [] }).reasonCode, 'scope_unclear')
    assert.equal(judge({ acceptance: [] }, { machineCheckedOnly: false }).acceptable, true)
  })

  test('a checker or held-out data of which only the hash is there is refused, unless the seller accepts that or can see it', () => {
    const script = 'const check = (value) => (value > 1 ? 1 : 0)'
    const data = new Uint8Array([1, 2, 3, 250])
    const metric = (id: string, bytes: Uint8Array, kind: 'checker' | 'heldOut') => ({
      id,
      description: 'The score is at least one half',
      weight: 1,
      verifier: {
        type: 'metric',
        file: 'deliverable.json',
        pointer: '/score',
        min: 0.5,
        source:
          kind === 'checker'
            ? { kind, sha256: hashBytes(bytes) }
            : { kind, sha256: hashBytes(bytes), measure: 'accuracy' },
      },
    })
    const checker = metric('checked', new TextEncoder().encode(script), 'checker')
    const heldOut = metric('held', data, 'heldOut')
    const acceptance = [checker, heldOut] as PactWire['acceptance']
    const { sha256 } = heldOut.verifier.source
    assert.equal(judge({ acceptance }).reasonCode, 'secret_checker')
    assert.equal(judge({ acceptance }, { acceptsSecretCheckers: false }).acceptable, false)
    assert.equal(judge({ acceptance }, { acceptsSecretCheckers: true }).acceptable, true)
    // The script lies open in the input, the data is known to the seller: nothing is secret.
    const input = { ticker: 'ACME', checker: { source: script } }
    assert.equal(judge({ acceptance, input }).reasonCode, 'secret_checker')
    assert.equal(judge({ acceptance, input }, { seenDeposits: [sha256] }).acceptable, true)
    const both = { ...input, data: btoa(String.fromCharCode(...data)) }
    assert.equal(judge({ acceptance, input: both }).acceptable, true)
    const changed = { ...both, checker: { source: `${script} ` } }
    assert.equal(judge({ acceptance, input: changed }).reasonCode, 'secret_checker')
  })

  test('[DIS-07] [DIS-08] formats that the card does not list are refused', () => {
    const input = { files: [{ name: 'a.xls', mime: 'application/vnd.ms-excel' }] }
    assert.equal(judge({ input }).reasonCode, 'unsupported_input_format')
    assert.equal(
      judge({ input: { files: [{ name: 'a.csv', mime: 'text/csv' }] } }).acceptable,
      true,
    )
    assert.equal(
      judge({ deliverableFormat: ['application/json', 'text/html'] }).reasonCode,
      'unsupported_output_format',
    )
  })

  test('[PCT-04] a capability that the card does not list is refused', () => {
    assert.equal(judge({ capability: 'poetry' }).reasonCode, 'unknown_capability')
  })

  test('escrow, arbiter, fees, fallback and review beyond the policy are refused', () => {
    const escrow = encodePact(pactOf()).escrow
    const cases: [Partial<PactWire>, string][] = [
      [{ escrow: { ...escrow, chainId: 8453 } }, 'unsupported_escrow'],
      [{ escrow: { ...escrow, contract: addressOf(77).toLowerCase() } }, 'unsupported_escrow'],
      [{ escrow: { ...escrow, token: addressOf(77).toLowerCase() } }, 'unsupported_escrow'],
      [{ escrow: { ...escrow, arbiter: addressOf(77).toLowerCase() } }, 'unsupported_arbiter'],
      [{ escrow: { ...escrow, fees: { ...escrow.fees, protocolBps: 101 } } }, 'fee_too_high'],
      [{ escrow: { ...escrow, fallback: { sellerBps: 1999 } } }, 'fallback_too_low'],
    ]
    for (const [changes, code] of cases) assert.equal(judge(changes).reasonCode, code)
    assert.equal(judge({}, { maxReviewWindow: 43_199 }).reasonCode, 'window_too_long')
  })
})

describe('evaluateCounter', () => {
  const proposed = pactOf()
  const counter = (changes: Partial<PactWire>) =>
    pactOf({
      ...encodePact(proposed),
      proposedBy: seller.did,
      proposedTo: buyer.did,
      nonce: crypto.randomUUID(),
      ...changes,
    })
  const judge = (changes: Partial<PactWire>, own: Partial<BuyerPolicy> = {}) =>
    evaluateCounter({ proposed, amended: counter(changes), policy: { ...wide, ...own }, now })
      .reasonCode

  test('price, deadline and scope may move within the policy, exactly to its limits', () => {
    assert.equal(judge({ paymentUsdc: '650' }), 'acceptable')
    assert.equal(judge({ paymentUsdc: '650.000001' }), 'price_too_high')
    assert.equal(judge({ deadlineUtc: formatUtc(now + 20_000) }), 'acceptable')
    assert.equal(judge({ deadlineUtc: formatUtc(now + 20_001) }), 'deadline_too_late')
    assert.equal(
      judge({ deadlineUtc: formatUtc(now + 7201) }, { latestDeadline: null }),
      'deadline_too_late',
    )
    const taskDescription = 'A five-year DCF model with two scenarios'
    assert.equal(judge({ taskDescription }), 'scope_changed')
    assert.equal(judge({ taskDescription }, { acceptScopeChange: true }), 'acceptable')
  })

  test('error: nothing else may move: wallet, criteria, escrow, windows, input', () => {
    const wire = encodePact(proposed)
    const cases: Partial<PactWire>[] = [
      { seller: { ...wire.seller, wallet: addressOf(66).toLowerCase() } },
      { acceptance: [] },
      { input: { ticker: 'OTHER' } },
      { escrow: { ...wire.escrow, fallback: { sellerBps: 10_000 } } },
      { escrow: { ...wire.escrow, arbiter: addressOf(66).toLowerCase() } },
      { timing: { ...wire.timing, windows: { ...wire.timing.windows, review: 0 } } },
      { disclosure: { committee: true, judges: [] } },
    ]
    for (const changes of cases) assert.equal(judge(changes), 'terms_changed')
    assert.equal(judge({ nonce: proposed.nonce }), 'nonce_reused')
    assert.equal(judge({ proposedBy: buyer.did, proposedTo: seller.did }), 'proposer_mismatch')
    assert.equal(judge({ proposedAt: formatUtc(now - 301) }), 'clock_skew')
  })
})
