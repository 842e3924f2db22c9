import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import { encode } from '../../../sdk/src/protocol/decode.ts'
import { type EventBody, eventBodySchema } from '../../../sdk/src/protocol/event.ts'
import { type TrustBody, trustBodySchema } from '../../../sdk/src/protocol/trust.ts'
import { bindWallet, walletBindingSchema } from '../../../sdk/src/protocol/wallet.ts'
import { listen } from '../../../sdk/src/trust/listen.ts'
import { search } from '../../../sdk/src/trust/search.ts'
import { agreeOnVenue } from '../../../sdk/src/venue.ts'
import { createWitness } from '../../../sdk/src/witness.ts'
import { NOW, party, venue } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import { broken, drip } from './body.ts'
import type { Case } from './case.ts'

import {
  asking,
  clientOf,
  oracle,
  outcome,
  quote,
  quoting,
  type Row,
  seller,
  thief,
  trust,
  trustBody,
} from './oracleAnswer.ts'

/** What any answer of an oracle may suffer on its way. */
const transport: Row[] = [
  [
    'down',
    'nobody answers',
    'oracle_unreachable',
    asking(() => Promise.reject(new TypeError('fetch failed'))),
  ],
  ['down', 'it fails', 'oracle_unreachable', asking(() => new Response('', { status: 502 }))],
  ['down', 'it has no time', 'oracle_unreachable', asking(() => new Response('', { status: 429 }))],
  [
    'slow',
    'the answer comes drop by drop',
    'oracle_unreachable',
    asking(() => new Response(drip())),
  ],
  ['down', 'the answer breaks off', 'oracle_unreachable', asking(() => new Response(broken()))],
  [
    'lying',
    'it redirects',
    'oracle_unreachable',
    asking(() => Response.redirect('http://thief.test/', 302)),
  ],
  ['malformed', 'not JSON', 'invalid_oracle_answer', asking(() => new Response('<html>'))],
  [
    'malformed',
    'not UTF-8',
    'invalid_oracle_answer',
    asking(() => new Response(Uint8Array.of(0x22, 0xff, 0x22))),
  ],
  [
    'malformed',
    'a refusal that is no problem',
    'invalid_oracle_answer',
    asking(() => new Response('no', { status: 400 })),
  ],
  [
    'oversized',
    'more than 8 MiB',
    'body_too_large',
    asking(() => new Response(new Uint8Array(8 * 1024 * 1024 + 1))),
  ],
]

const trustRows: Row[] = [
  ['lying', 'nothing', 'taken', asking(trust({}))],
  [
    'unknown field',
    'a member that nobody knows, added after it was signed',
    'trust_unsigned',
    asking(trust({}, { more: 1 })),
  ],
  [
    'unknown field',
    'members of a newer oracle, under its signature',
    'taken',
    asking(
      trust({
        more: 1,
        scoreBreakdown: { ...trustBody.scoreBreakdown, charm: 99 },
        scorer: { ...trustBody.scorer, commit: 'ab' },
      } as Partial<typeof trustBody>),
    ),
  ],
  [
    'wrong key',
    'signed by another key in its name',
    'trust_unsigned',
    asking(trust({}, {}, thief)),
  ],
  [
    'wrong key',
    'another oracle, under its own name',
    'trust_mismatch',
    asking(trust({ oracle: thief.did }, {}, thief)),
  ],
  ['lying', 'the record of another agent', 'trust_mismatch', asking(trust({ agentId: thief.did }))],
  [
    'replayed',
    'an answer to another question',
    'trust_mismatch',
    asking(trust({ nonce: 'of-yesterday' })),
  ],
  [
    'stale',
    'an answer that has run out',
    'trust_stale',
    asking(trust({ asOf: NOW - 61, validUntil: NOW })),
  ],
  [
    'clock skew',
    'an answer of 301 s ahead',
    'trust_stale',
    asking(trust({ asOf: NOW + 301, validUntil: NOW + 400 })),
  ],
  [
    'lying',
    'a score changed after it was signed',
    'trust_unsigned',
    asking(trust({}, { compositeScore: 1000 })),
  ],
  [
    'lying',
    'a frozen agent made rated after it was signed',
    'trust_unsigned',
    asking(trust({ status: 'frozen' }, { status: 'rated' })),
  ],
  [
    'lying',
    'a bond added after it was signed',
    'trust_unsigned',
    asking(trust({}, { bondTier: 4 })),
  ],
]

const quoteRows: Row[] = [
  ['lying', 'nothing', 'taken', quoting(quote({}))],
  [
    'wrong key',
    'signed by another key in its name',
    'quote_unsigned',
    quoting(quote({}, {}, thief)),
  ],
  [
    'wrong key',
    'another oracle, under its own name',
    'quote_mismatch',
    quoting(quote({ oracle: thief.did }, {}, thief)),
  ],
  ['lying', 'about another seller', 'quote_mismatch', quoting(quote({ seller: thief.did }))],
  ['lying', 'about another buyer', 'quote_mismatch', quoting(quote({ buyer: thief.did }))],
  ['lying', 'about another amount', 'quote_mismatch', quoting(quote({ amountUsdc: 1n }))],
  [
    'lying',
    'a risk changed after it was signed',
    'quote_unsigned',
    quoting(quote({}, { pairRisk: 0 })),
  ],
  [
    'stale',
    'a quote that has run out',
    'quote_stale',
    quoting(quote({ asOf: NOW - 61, validUntil: NOW })),
  ],
  [
    'clock skew',
    'a quote of 301 s ahead',
    'quote_stale',
    quoting(quote({ asOf: NOW + 301, validUntil: NOW + 400 })),
  ],
]

const info = (changes: Wire = {}): Wire => ({
  did: oracle.did,
  chainId: venue.chainId,
  escrow: venue.contract,
  token: venue.token,
  tokenName: 'USDC',
  tokenVersion: '2',
  vault: venue.vault,
  arbiters: [venue.arbiter],
  feeRecipients: [venue.feeRecipient],
  fees: { protocolBps: 50, arbitrationBps: 100 },
  attestors: [venue.arbiter],
  ladder: '0'.repeat(64),
  scorer: { version: '1', codeHash: 'cd'.repeat(32), seeds: 'ab'.repeat(32) },
  seeds: [],
  newcomerCapUsdc: '20',
  ...changes,
})
const other = `0x${'ab'.repeat(20)}`
/** The first word is the truth, the second is the lie. */
const saying = (changes: Wire) => () =>
  outcome(async () => {
    const journal = createMemoryStore()
    for (const word of [info(), info(changes)]) {
      const client = clientOf(() => Response.json(word))
      const witness = createWitness({
        oracle: client,
        keyOf: undefined,
        verifyWallet: undefined,
        pollIntervalMs: 1,
      })
      await agreeOnVenue(await witness.info(), { venue: undefined, journal })
    }
  })
const infoRows: Row[] = [
  ['lying', 'nothing', 'taken', saying({})],
  ['wrong key', 'another oracle under its address', 'oracle_mismatch', saying({ did: thief.did })],
  ['wrong chain', 'another chain than before', 'venue_mismatch', saying({ chainId: 8453 })],
  [
    'wrong chain',
    'another escrow contract than before',
    'venue_mismatch',
    saying({ escrow: other }),
  ],
  ['wrong chain', 'another token than before', 'venue_mismatch', saying({ token: other })],
  ['wrong chain', 'other arbiters than before', 'venue_mismatch', saying({ arbiters: [other] })],
]

const event: EventBody = {
  id: 1,
  type: 'funded',
  at: NOW,
  oracle: oracle.did,
  agents: [seller.did],
  pactId: null,
  escrowId: null,
  data: {},
}
const hearing = (text: string | (() => string)) => () =>
  outcome(async () => {
    const body = typeof text === 'string' ? text : text()
    const client = clientOf(
      () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    )
    for await (const _ of listen(client)) return
  })
const told =
  (before: Partial<EventBody> = {}, after: Wire = {}, by = oracle) =>
  () => {
    const wire = encode(eventBodySchema, { ...event, ...before }, 'invalid') as Wire
    const signature = by.sign({ type: 'event', body: wire as never })
    return `data: ${JSON.stringify({ ...wire, signature, ...after })}\n\n`
  }
const eventRows: Row[] = [
  ['lying', 'nothing', 'taken', hearing(told())],
  ['wrong key', 'signed by another key in its name', 'invalid_event', hearing(told({}, {}, thief))],
  [
    'wrong key',
    'an event of another oracle',
    'invalid_event',
    hearing(told({ oracle: thief.did }, {}, thief)),
  ],
  [
    'lying',
    'another event than was signed',
    'invalid_event',
    hearing(told({ type: 'funding_seen' }, { type: 'funded' })),
  ],
  ['malformed', 'not JSON', 'invalid_event', hearing('data: {\n\n')],
  ['oversized', 'an event of 256 KiB', 'invalid_event', hearing(`data: ${'x'.repeat(256 * 1024)}`)],
]

/** A registered seller, as the oracle lists it. */
const { wallet } = party(34)
const binding = await bindWallet({
  identity: seller,
  body: {
    did: seller.did,
    wallet: wallet.address,
    chainId: venue.chainId,
    issuedAt: NOW,
    nonce: crypto.randomUUID(),
  },
  signWallet: (typedData) => wallet.signTypedData(typedData),
})
const record: Wire = {
  did: seller.did,
  name: 'Greeter',
  description: 'Says hello',
  endpoint: 'https://agent.test/a2a',
  capabilities: ['greeting'],
  inputFormats: ['application/json'],
  outputFormats: ['application/json'],
  wallet: wallet.address.toLowerCase(),
  binding: encode(walletBindingSchema, binding, 'invalid'),
  status: 'active',
  registeredAt: '2027-01-15T08:00:00Z',
  lastActiveAt: null,
  lastHeartbeatAt: null,
}

const found =
  (before: Partial<TrustBody>, after: Wire = {}) =>
  () =>
    outcome(async () => {
      const wire = encode(trustBodySchema, { ...trustBody, ...before }, 'invalid') as Wire
      const signed = {
        ...wire,
        signature: oracle.sign({ type: 'trust', body: wire as never }),
        ...after,
      }
      const agents = [{ ...record, trust: signed }]
      await search(
        clientOf(() => Response.json({ agents, cursor: null })),
        { capability: 'greeting' },
      )
    })

const searchRows: Row[] = [
  ['lying', 'nothing', 'taken', found({})],
  [
    'lying',
    'the record of another agent beside the name',
    'trust_mismatch',
    found({ agentId: thief.did }),
  ],
  [
    'lying',
    'a score changed after it was signed',
    'trust_unsigned',
    found({}, { compositeScore: 1000 }),
  ],
  ['stale', 'a record that has run out', 'trust_stale', found({ asOf: NOW - 61, validUntil: NOW })],
]

const cases = (on: string, rows: Row[]): Case<void>[] =>
  rows.map(([attack, what, answer, act]) => ({ on, attack, what, answer, act }))

/** Every way in which an oracle is away, slow or lying, as the SDK meets it. */
export const oracleCases: readonly Case<void>[] = [
  ...cases('any answer', transport),
  ...cases('getTrust', trustRows),
  ...cases('getQuote', quoteRows),
  ...cases('getOracle', infoRows),
  ...cases('searchAgents', searchRows),
  ...cases('listEvents', eventRows),
]
