import { hashBytes, type Route, type RouteName, routes, signRequest } from '@earnest/sdk/protocol'
import { party } from '../../oracle/support/world.ts'
import { type Attack, answerOf, type Case } from './case.ts'
import { pathWith, type Sample, type Stand, samples } from './sample.ts'

/** A request as it goes out: everything that was signed, and everything that may differ from it. */
type Shot = {
  method: Route['method']
  path: string
  body: Uint8Array<ArrayBuffer>
  headers: Record<string, string>
}

type Change = {
  /** Signed, but not what a friend would sign. */
  signed?: { audience?: string; issuedAt?: number; path?: string; body?: Uint8Array<ArrayBuffer> }
  /** Sent instead of what was signed; a header that is undefined is left out. */
  sent?: Partial<Omit<Shot, 'headers'>> & { headers?: Record<string, string | undefined> }
  body?: (sample: unknown) => Uint8Array<ArrayBuffer>
  nonce?: string
  /** Signed and sent behind the path. */
  query?: string
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

function bytesOf(body: unknown): Uint8Array<ArrayBuffer> {
  if (body === undefined) return new Uint8Array(0)
  return body instanceof Uint8Array ? new Uint8Array(body) : utf8(JSON.stringify(body))
}

/** Signs and sends a sample with one thing wrong. */
export async function shoot(
  name: RouteName,
  { desk }: Stand,
  sample: Sample,
  change: Change = {},
): Promise<Response> {
  const { method } = routes[name] as Route
  const path = pathWith(name, sample.params) + (change.query ?? '')
  const body = change.body?.(sample.body) ?? bytesOf(sample.body)
  const headers = signRequest({
    identity: sample.by.identity,
    method,
    path: change.signed?.path ?? path,
    audience: change.signed?.audience ?? desk.oracle.signer.did,
    body: change.signed?.body ?? body,
    issuedAt: change.signed?.issuedAt ?? desk.clock.now(),
    nonce: change.nonce ?? crypto.randomUUID(),
  })
  const shot = { method, path, body, ...change.sent }
  return await desk.app.request(shot.path, {
    method: shot.method,
    headers: defined({ 'content-type': 'application/json', ...headers, ...change.sent?.headers }),
    ...(shot.body.length > 0 && { body: shot.body }),
  })
}

function defined(headers: Record<string, string | undefined>): Record<string, string> {
  const pairs = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(pairs) as Record<string, string>
}

/** What is tried on every signed route. */
const onAll: [attack: Attack, what: string, answer: string, change: (stand: Stand) => Change][] = [
  [
    'wrong key',
    'no signature',
    '401 request_unsigned',
    () => ({ sent: { headers: { 'earnest-signature': undefined } } }),
  ],
  [
    'wrong key',
    'signed by another key than the one it names',
    '401 invalid_request_signature',
    ({ desk }) => ({ sent: { headers: { 'earnest-signer': other(desk.buyer.identity.did) } } }),
  ],
  [
    'malformed',
    'a signer that is no DID',
    '401 request_unsigned',
    () => ({ sent: { headers: { 'earnest-signer': 'did:web:agent.test' } } }),
  ],
  [
    'malformed',
    'a nonce that is no UUID',
    '401 request_unsigned',
    () => ({ sent: { headers: { 'earnest-nonce': '1' } } }),
  ],
  [
    'lying',
    'signed for another path',
    '401 invalid_request_signature',
    () => ({ signed: { path: '/api/v1/nothing' } }),
  ],
  [
    'lying',
    'signed for another oracle',
    '401 invalid_request_signature',
    () => ({ signed: { audience: party(99).identity.did } }),
  ],
  [
    'lying',
    'signed over another body',
    '401 invalid_request_signature',
    () => ({ signed: { body: utf8('{"another":"body"}') } }),
  ],
  [
    'stale',
    'signed 301 s ago',
    '401 request_expired',
    ({ desk }) => ({ signed: { issuedAt: desk.clock.now() - 301 } }),
  ],
  [
    'clock skew',
    'signed 301 s ahead',
    '401 request_expired',
    ({ desk }) => ({ signed: { issuedAt: desk.clock.now() + 301 } }),
  ],
]

/** What is tried on every signed route with a JSON body. */
const onBodies: typeof onAll = [
  ['malformed', 'not JSON', '400 invalid_json', () => ({ body: () => utf8('{"a"') })],
  [
    'malformed',
    'not UTF-8',
    '400 invalid_json',
    () => ({ body: () => Uint8Array.from([0x22, 0xff, 0x22]) }),
  ],
  ['malformed', 'a list', '422 invalid_request', () => ({ body: () => utf8('[]') })],
  [
    'unknown field',
    'a field that nobody knows',
    '422 invalid_request',
    () => ({ body: (sample) => bytesOf({ ...(sample as object), extra: 1 }) }),
  ],
  [
    'oversized',
    'more bytes than the route reads',
    '413 too_large',
    () => ({ body: () => new Uint8Array(34 * 1024 * 1024).fill(0x20) }),
  ],
]

/** What is tried on every signed route that takes questions. */
const onQueries: typeof onAll = [
  ['unknown field', 'a query that nobody knows', '422 invalid_request', () => ({ query: '?a=1' })],
]

/** Another agent's DID. */
const other = (did: string): string => {
  const stranger = party(77).identity.did
  return stranger === did ? party(78).identity.did : stranger
}

const cases: Case<Stand>[] = []
for (const [name, sampleOf] of Object.entries(samples)) {
  const on = name as RouteName
  const route: Route = routes[on]
  const attempts = [
    ...onAll,
    ...(route.body === undefined || route.body === 'bytes' ? [] : onBodies),
    ...(route.query === undefined ? [] : onQueries),
  ]
  for (const [attack, what, answer, change] of attempts) {
    // Whether the escrow takes a file is asked before a byte of it is read.
    if (on === 'putArtifact' && what === 'signed over another body') continue
    cases.push({
      on,
      attack,
      what,
      answer,
      act: async (stand) => answerOf(shoot(on, stand, await sampleOf(stand), change(stand))),
    })
  }
  if (on === 'putArtifact') continue
  cases.push({
    on,
    attack: 'replayed',
    what: 'the nonce of another request',
    answer: '409 request_replayed',
    act: async (stand) => {
      const nonce = crypto.randomUUID()
      const sample = await sampleOf(stand)
      await shoot(on, stand, sample, { nonce })
      const headers = { 'idempotency-key': hashBytes(utf8(nonce)) }
      return answerOf(shoot(on, stand, sample, { nonce, sent: { headers } }))
    },
  })
}

/** Every signed route of the oracle under everything that can be wrong with a signed request. */
export const signedCases: readonly Case<Stand>[] = cases

/** The same requests with nothing wrong: what they get is none of the answers above. */
export async function friendly(name: RouteName, stand: Stand): Promise<string> {
  const sample = await samples[name]?.(stand)
  if (sample === undefined) throw new Error(`no sample of ${name}`)
  return answerOf(shoot(name, stand, sample))
}
