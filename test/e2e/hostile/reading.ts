import { API_BASE, type Route, type RouteName, routes } from '@earnest/sdk/protocol'
import { type Attack, answerOf, type Case } from './case.ts'
import type { Stand } from './sample.ts'

const hash = '0'.repeat(64)
const word = `0x${hash}`
const stranger = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

type Row = [attack: Attack, what: string, answer: string, path: string]

/** A parameter that is none, and one that nobody knows. */
const escrowRows = (path: (id: string) => string, unknown: string): Row[] => [
  ['malformed', 'an escrow id that is none', '422 invalid_request', path('0x12')],
  ['lying', 'an escrow that is not there', unknown, path(word)],
]
const agentRows = (path: (id: string) => string): Row[] => [
  ['lying', 'an agent that is not there', '404 agent_unknown', path(stranger)],
  ['oversized', 'an id of 300 characters', '422 invalid_request', path('z'.repeat(300))],
]

const rows: Partial<Record<RouteName, Row[]>> = {
  searchAgents: [
    ['malformed', 'a capability that is none', '422 invalid_request', '/agents?capability=A%20B'],
    ['oversized', 'a page of 101', '422 invalid_request', '/agents?limit=101'],
    ['lying', 'a cursor of its own making', '422 invalid_request', '/agents?cursor=-1'],
  ],
  getAgent: [
    ['malformed', 'a DID that is none', '422 invalid_request', '/agents/did:web:a.test'],
    ['lying', 'an agent that is not there', '404 agent_unknown', `/agents/${stranger}`],
  ],
  getTrust: [
    ...agentRows((id) => `/trust/${id}`),
    ['malformed', 'a role that is none', '422 invalid_request', `/trust/${stranger}?role=judge`],
  ],
  listFacts: [
    ['oversized', 'a page of 1,001', '422 invalid_request', '/facts?limit=1001'],
    ['malformed', 'a place below nothing', '422 invalid_request', '/facts?after=-1'],
  ],
  listDisputes: [
    ['malformed', 'a limit that is no number', '422 invalid_request', '/disputes?limit=x'],
    ['oversized', 'more lines than a page has', '422 invalid_request', '/disputes?limit=101'],
    ['lying', 'a cursor of no list', '422 invalid_request', '/disputes?cursor=1%2F0x12%2F1'],
  ],
  listAttestations: agentRows((id) => `/trust/${id}/attestations`),
  explainTrust: agentRows((id) => `/trust/${id}/explain`),
  getCredential: [
    ...agentRows((id) => `/trust/${id}/credential`),
    [
      'malformed',
      'a role that is none',
      '422 invalid_request',
      `/trust/${stranger}/credential?role=judge`,
    ],
  ],
  getCredentialStatus: [
    ['malformed', 'a credential id that is none', '422 invalid_request', '/credentials/12'],
    [
      'lying',
      'a credential that was never given',
      '404 credential_unknown',
      '/credentials/8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
    ],
  ],
  listAnchors: [['malformed', 'a size below nothing', '422 invalid_request', '/anchors?size=-1']],
  getQuote: [
    [
      'malformed',
      'no amount',
      '422 invalid_request',
      `/quote?buyer=${stranger}&seller=${stranger}`,
    ],
  ],
  getPact: [
    ['malformed', 'a pact id that is none', '422 invalid_request', '/pacts/12'],
    ['lying', 'a pact that is not there', '404 pact_unknown', `/pacts/${hash}`],
  ],
  getOffer: [
    ['malformed', 'an offer number that is none', '422 invalid_request', '/offers/12'],
    ['lying', 'an offer that is not there', '404 offer_unknown', `/offers/${hash}`],
  ],
  getEscrow: escrowRows((id) => `/escrows/${id}`, '404 escrow_unknown'),
  getReport: escrowRows((id) => `/escrows/${id}/report`, '409 not_delivered'),
  getManifest: escrowRows((id) => `/escrows/${id}/manifest`, '409 not_delivered'),
  getDispute: escrowRows((id) => `/disputes/${id}`, '404 escrow_unknown'),
  getRecord: escrowRows((id) => `/disputes/${id}/record`, '404 record_unknown'),
  getRecourse: escrowRows((id) => `/recourse/${id}`, '404 escrow_unknown'),
  listSpotChecks: escrowRows((id) => `/escrows/${id}/spot-checks`, '404 escrow_unknown'),
  getDocket: escrowRows((id) => `/disputes/${id}/docket`, '404 escrow_unknown'),
  getArtifact: [
    ['lying', 'a token that was never given', '404 grant_unknown', `/artifacts/${'a'.repeat(43)}`],
  ],
  listEvents: [
    ['malformed', 'an escrow id that is none', '422 invalid_request', '/events?escrowId=1'],
  ],
  getPool: [
    ['malformed', 'a number that is none', '422 invalid_request', '/pools/x'],
    ['lying', 'a pool that is not there', '404 pool_unknown', '/pools/9'],
  ],
  getPoolProof: [
    ['malformed', 'an address that is none', '422 invalid_request', '/pools/1/members/0x1'],
  ],
  getArbiter: [['malformed', 'an address that is none', '422 invalid_request', '/arbiters/0x1']],
}

/** A value for each parameter, so that nothing but the query is wrong. */
const there: Record<string, string> = { id: stranger, escrowId: word, pactId: hash }

/** Every route that takes questions, with one that nobody knows. */
const unheard = Object.entries<Route>(routes)
  .filter(([, { query, signed }]) => query !== undefined && !signed)
  .map(([on, { path }]): [string, Row[]] => {
    const filled = path.replace(/:([a-zA-Z]+)/g, (_, name: string) => there[name] ?? '')
    const what = 'a query that nobody knows'
    return [on, [['unknown field', what, '422 invalid_request', `${filled}?a=1`]]]
  })

/** Every route that anybody may read, asked for what is not there or cannot be. */
export const readingCases: readonly Case<Stand>[] = [...Object.entries(rows), ...unheard].flatMap(
  ([on, cases]) =>
    cases.map(([attack, what, answer, path]) => ({
      on,
      attack,
      what,
      answer,
      act: ({ desk }: Stand) => answerOf(desk.app.request(API_BASE + path)),
    })),
)
