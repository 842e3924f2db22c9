import type { Clock } from '../../../sdk/src/protocol/clock.ts'
import { signOffer } from '../../../sdk/src/protocol/message.ts'
import { decodePact, hashPact, type PactWire } from '../../../sdk/src/protocol/pact.ts'
import { escrowIdOfPact } from '../../../sdk/src/protocol/terms.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'
import { openQuietSeller, party, type Quiet } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import { drip } from './body.ts'
import type { Attack, Case } from './case.ts'
import { agreed, pactOf, say } from './conversation.ts'
import { type Claims, claimingRpc, clientOf, silentRpc } from './rpc.ts'

const owner = party(34)
const stranger = party(99)
const word = async (saying: ReturnType<typeof say>) => (await saying).word
const read = (pact: PactWire) => decodePact(pact)

/** The word to begin, about a pact. */
function workOf(pact: PactWire, changes: Wire = {}): Wire {
  const decoded = read(pact)
  return {
    taskType: 'greeting',
    escrowId: escrowIdOfPact({ pact: decoded }),
    pactId: hashPact(decoded),
    ...changes,
  }
}

type Row = [attack: Attack, what: string, answer: string, act: () => Promise<string>]

/** A seller that reads these RPCs: its own first, further ones after it. */
function sellerOf(
  rpcs: (Claims | undefined)[],
  answer?: (request: Request) => Response | Promise<Response>,
): Promise<Quiet> {
  const [own, ...others] = rpcs.map((claims) =>
    claims === undefined ? silentRpc : claimingRpc(claims),
  )
  const witnesses = others.map((rpc) => clientOf(rpc, owner))
  if (answer === undefined) return openQuietSeller({ witnesses }, own)
  const oracle = (clock: Clock) =>
    createOracleClient({
      url: 'http://oracle.test',
      did: party(33).identity.did,
      clock,
      identity: owner.identity,
      attempts: 1,
      timeoutMs: 200,
      fetch: (async (input: string | URL | Request, init?: RequestInit) =>
        await answer(new Request(input, init))) as typeof globalThis.fetch,
    })
  return openQuietSeller({ witnesses, oracle }, own)
}

/** Agrees on a pact and says that it is funded. */
async function begin(quiet: Quiet, changes: Wire = {}): Promise<string> {
  const { pact } = await agreed(quiet)
  return word(say(quiet, workOf(pact, changes)))
}
const after = (rpcs: (Claims | undefined)[]) => async () => begin(await sellerOf(rpcs))
const locked: Claims = { state: 'Funded' }

/** The oracle's word about the registration. */
const witnessed = (answer: (pact: PactWire) => Response | Promise<Response>) => async () => {
  let pact: PactWire | undefined
  const quiet = await sellerOf([locked], () => answer(pact as PactWire))
  ;({ pact } = await agreed(quiet))
  return word(say(quiet, workOf(pact)))
}
const recordOf = (pact: PactWire, changes: Wire = {}) => {
  const pactId = hashPact(read(pact))
  return Response.json({
    pactId,
    pactHash: pactId,
    status: 'registered',
    reason: null,
    terms: pact,
    buyerSignature: 'ab'.repeat(64),
    sellerSignature: 'ab'.repeat(64),
    subjective: false,
    escrowIds: [escrowIdOfPact({ pact: read(pact) })],
    createdAt: '2027-01-15T08:00:00Z',
    ...changes,
  })
}
const problem = (status: number, code: string) =>
  Response.json(
    { type: 'about:blank', title: code, status, code, detail: code },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

const work: Row[] = [
  [
    'malformed',
    'no escrow',
    'declined invalid_message',
    async () => {
      const quiet = await sellerOf([locked])
      return word(say(quiet, { taskType: 'greeting' }))
    },
  ],
  [
    'malformed',
    'a milestone below zero',
    'declined invalid_message',
    async () => begin(await sellerOf([locked]), { milestone: -1 }),
  ],
  [
    'unknown field',
    'work of its own beside the pact',
    'declined invalid_message',
    async () => begin(await sellerOf([locked]), { data: { to: 'Eve' } }),
  ],
  [
    'lying',
    'a pact that nobody signed',
    'declined unknown_pact',
    async () => {
      const quiet = await sellerOf([locked])
      return word(say(quiet, workOf(pactOf(quiet))))
    },
  ],
  [
    'lying',
    'the escrow of another pact',
    'declined condition_mismatch',
    async () => begin(await sellerOf([locked]), { escrowId: `0x${'ab'.repeat(32)}` }),
  ],
  [
    'lying',
    'a milestone that is not there',
    'declined unknown_milestone',
    async () => begin(await sellerOf([locked]), { milestone: 1 }),
  ],
  [
    'reordered',
    'begin before anything is funded',
    'declined escrow_not_locked',
    after([{ state: 'None' }]),
  ],
  [
    'reordered',
    'begin while a reorganisation can still undo the funding',
    'declined escrow_not_locked',
    after([{ state: 'Funded', before: 'None' }]),
  ],
  [
    'replayed',
    'begin again when it was delivered',
    'declined escrow_not_locked',
    after([{ state: 'Delivered' }]),
  ],
  [
    'replayed',
    'begin again when it was refunded',
    'declined escrow_not_locked',
    after([{ state: 'Refunded' }]),
  ],
  ['down', 'the seller’s RPC does not answer', 'declined chain_unreachable', after([undefined])],
  [
    'down',
    'one of two RPCs does not answer',
    'declined chain_unreachable',
    after([locked, undefined]),
  ],
  [
    'wrong chain',
    'the seller’s RPC serves another chain',
    'declined wrong_chain',
    after([{ ...locked, chainId: 8453 }]),
  ],
  [
    'wrong chain',
    'one of two RPCs serves another chain',
    'declined wrong_chain',
    after([locked, { ...locked, chainId: 8453 }]),
  ],
  [
    'lying',
    'one RPC shows money, the other none',
    'declined rpc_disagreement',
    after([locked, { state: 'None' }]),
  ],
  [
    'lying',
    'one RPC shows no money, the other does',
    'declined rpc_disagreement',
    after([{ state: 'None' }, locked]),
  ],
  [
    'lying',
    'two of three RPCs show money',
    'declined rpc_disagreement',
    after([locked, locked, { state: 'None' }]),
  ],
  [
    'lying',
    'the RPCs show different fundings',
    'declined rpc_disagreement',
    after([locked, { ...locked, fundedAt: 1_800_000_002 }]),
  ],
  [
    'malformed',
    'the RPC answers nothing',
    'declined chain_unreachable',
    after([{ ...locked, call: () => '0x' }]),
  ],
  [
    'malformed',
    'the RPC answers half a word',
    'declined chain_unreachable',
    after([{ ...locked, call: () => '0x01' }]),
  ],
  [
    'down',
    'funded, and the oracle is away',
    'declined oracle_unreachable',
    witnessed(() => Promise.reject(new TypeError('fetch failed'))),
  ],
  [
    'down',
    'funded, and the oracle fails',
    'declined oracle_unreachable',
    witnessed(() => new Response('', { status: 502 })),
  ],
  [
    'slow',
    'funded, and the oracle’s answer comes drop by drop',
    'declined oracle_unreachable',
    witnessed(() => new Response(drip())),
  ],
  [
    'malformed',
    'funded, and the oracle answers no JSON',
    'declined invalid_oracle_answer',
    witnessed(() => new Response('<html>')),
  ],
  [
    'lying',
    'funded, and the oracle registered another pact',
    'declined pact_hash_mismatch',
    witnessed((pact) => recordOf(pact, { pactId: 'ab'.repeat(32) })),
  ],
  [
    'stale',
    'funded, and the oracle calls the pact expired',
    'declined pact_expired',
    witnessed((pact) => recordOf(pact, { status: 'expired' })),
  ],
  [
    'stale',
    'funded, and the oracle knows the pact as cancelled',
    'declined pact_cancelled',
    witnessed((pact) => recordOf(pact, { status: 'cancelled' })),
  ],
  [
    'lying',
    'funded, and the oracle knows the nonce from other terms',
    'declined nonce_reused',
    witnessed(() => problem(409, 'nonce_reused')),
  ],
]

/** An offer to split, about a pact that both signed. */
async function offer(
  quiet: Quiet,
  {
    body = {},
    payload = {},
    by = quiet.buyer,
  }: { body?: Wire; payload?: Wire; by?: typeof stranger } = {},
): Promise<string> {
  const { pact } = await agreed(quiet)
  const decoded = read(pact)
  const said = {
    escrowId: escrowIdOfPact({ pact: decoded }) as `0x${string}`,
    pactId: hashPact(decoded),
    sellerBps: 5000,
    authorization: `0x${'ab'.repeat(71)}` as `0x${string}`,
    offeredBy: by.identity.did,
    offeredAt: quiet.clock.now(),
    ...body,
  }
  const signature = signOffer({ body: said, identity: by.identity })
  const wire = { ...said, offeredAt: formatUtc(said.offeredAt), signature, ...payload }
  return word(say(quiet, { taskType: 'settlement_offer', payload: wire }))
}

const delivered: Claims = { state: 'Delivered', round: 1 }

const offers: Row[] = [
  [
    'malformed',
    'more than all',
    'declined invalid_message',
    async () => offer(await sellerOf([delivered]), { payload: { sellerBps: 10_001 } }),
  ],
  [
    'unknown field',
    'a member that nobody knows',
    'declined invalid_message',
    async () => offer(await sellerOf([delivered]), { payload: { bonus: 1 } }),
  ],
  [
    'wrong key',
    'signed by another agent',
    'declined invalid_offer',
    async () => offer(await sellerOf([delivered]), { payload: { signature: 'ab'.repeat(64) } }),
  ],
  [
    'lying',
    'a share that was not signed',
    'declined invalid_offer',
    async () => offer(await sellerOf([delivered]), { payload: { sellerBps: 4999 } }),
  ],
  [
    'lying',
    'an offer from a stranger in its own name',
    'declined condition_mismatch',
    async () => offer(await sellerOf([delivered]), { by: stranger }),
  ],
  [
    'lying',
    'a pact that nobody signed',
    'declined unknown_pact',
    async () => offer(await sellerOf([delivered]), { body: { pactId: 'ab'.repeat(32) } }),
  ],
  [
    'lying',
    'the escrow of another pact',
    'declined condition_mismatch',
    async () => offer(await sellerOf([delivered]), { body: { escrowId: `0x${'ab'.repeat(32)}` } }),
  ],
  [
    'reordered',
    'before anything was delivered',
    'declined not_disputed',
    async () => offer(await sellerOf([locked])),
  ],
  [
    'reordered',
    'when it has ended',
    'declined not_disputed',
    async () => offer(await sellerOf([{ state: 'Completed' }])),
  ],
  [
    'stale',
    'offered 301 s ago',
    'declined clock_skew',
    async () => {
      const quiet = await sellerOf([delivered])
      return offer(quiet, { body: { offeredAt: quiet.clock.now() - 301 } })
    },
  ],
  [
    'clock skew',
    'offered 301 s ahead',
    'declined clock_skew',
    async () => {
      const quiet = await sellerOf([delivered])
      return offer(quiet, { body: { offeredAt: quiet.clock.now() + 301 } })
    },
  ],
  [
    'lying',
    'for a delivery that nobody has checked',
    'declined offer_declined',
    async () => offer(await sellerOf([delivered])),
  ],
  [
    'down',
    'the seller’s RPC does not answer',
    'declined chain_unreachable',
    async () => offer(await sellerOf([undefined])),
  ],
  [
    'wrong chain',
    'the seller’s RPC serves another chain',
    'declined wrong_chain',
    async () => offer(await sellerOf([{ ...delivered, chainId: 8453 }])),
  ],
]

const cases = (on: string, rows: Row[]): Case<void>[] =>
  rows.map(([attack, what, answer, act]) => ({ on, attack, what, answer, act }))

/** Everything that is said about money that there is or is not, to a seller that reads the chain itself. */
export const workCases: readonly Case<void>[] = [
  ...cases('<capability>', work),
  ...cases('settlement_offer', offers),
]
