import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { API_BASE, encodePact, hashPact, routes } from '@earnest/sdk/protocol'
import { createDesk, pactOf, party, register, registrationOf, send } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk?.close())

type Case = {
  name: string
  status: number
  code: string
  request: () => Promise<Response>
}

const problem = async (response: Response) => {
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  return (await response.json()) as { code: string; status: number }
}

const pacts = '/api/v1/pacts'
const post = (change: Partial<Parameters<typeof send>[1]> = {}) =>
  send(desk, {
    by: desk.buyer,
    method: 'POST',
    path: pacts,
    body: registrationOf(desk, pactOf(desk)),
    ...change,
  })

/** The body of a registration with some of it replaced after it was signed. */
const bent = (change: (body: ReturnType<typeof registrationOf>) => unknown) =>
  post({ body: change(registrationOf(desk, pactOf(desk))) })

const cases: Case[] = [
  {
    name: 'without the headers',
    status: 401,
    code: 'request_unsigned',
    request: async () => desk.app.request(pacts, { method: 'POST', body: '{}' }),
  },
  {
    name: 'a signature over another body',
    status: 401,
    code: 'invalid_request_signature',
    request: async () => {
      let headers: Record<string, string> = {}
      const spy = {
        ...desk,
        app: {
          request: (_: string, init?: RequestInit) => {
            headers = init?.headers as Record<string, string>
            return new Response()
          },
        },
      }
      await send(spy, { by: desk.buyer, method: 'POST', path: pacts, body: { a: 1 } })
      return desk.app.request(pacts, { method: 'POST', headers, body: '{"a":2}' })
    },
  },
  {
    name: 'a signature for another path',
    status: 401,
    code: 'invalid_request_signature',
    request: async () => {
      const other = {
        ...desk,
        app: { request: (_: string, init?: RequestInit) => desk.app.request(`${pacts}?x=1`, init) },
      }
      return send(other, { by: desk.buyer, method: 'POST', path: pacts, body: {} })
    },
  },
  {
    name: 'a signature for another oracle',
    status: 401,
    code: 'invalid_request_signature',
    request: async () => {
      const other = {
        app: desk.app,
        oracle: { ...desk.oracle, signer: { did: party(99).identity.did } },
      }
      return send(other, { by: desk.buyer, method: 'POST', path: pacts, body: {} })
    },
  },
  {
    name: 'issued 301 s ago',
    status: 401,
    code: 'request_expired',
    request: () => post({ issuedAt: desk.clock.now() - 301 }),
  },
  {
    name: 'issued 301 s ahead',
    status: 401,
    code: 'request_expired',
    request: () => post({ issuedAt: desk.clock.now() + 301 }),
  },
  {
    name: 'not JSON',
    status: 400,
    code: 'invalid_json',
    request: () => post({ body: new TextEncoder().encode('{"a"') }),
  },
  {
    name: 'not UTF-8',
    status: 400,
    code: 'invalid_json',
    request: () => post({ body: Uint8Array.from([0x22, 0xff, 0x22]) }),
  },
  {
    name: 'an unknown field',
    status: 422,
    code: 'invalid_request',
    request: () => bent((body) => ({ ...body, extra: 1 })),
  },
  {
    name: 'an unknown field in the terms',
    status: 422,
    code: 'invalid_request',
    request: () => bent((body) => ({ ...body, terms: { ...body.terms, extra: 1 } })),
  },
  {
    name: 'a body above the limit',
    status: 413,
    code: 'too_large',
    request: () =>
      send(desk, {
        by: desk.buyer,
        method: 'POST',
        path: '/api/v1/relay',
        body: { data: `0x${'00'.repeat(200_000)}` },
      }),
  },
  {
    name: 'a stranger registers',
    status: 403,
    code: 'signer_not_party',
    request: () => post({ by: party(77) }),
  },
  {
    name: 'terms that were changed after signing',
    status: 422,
    code: 'pact_hash_mismatch',
    request: () =>
      bent((body) => ({ ...body, terms: { ...body.terms, taskDescription: 'Something else' } })),
  },
  {
    name: 'the hash of changed terms, the signatures of the old',
    status: 422,
    code: 'invalid_buyer_signature',
    request: () => {
      const pact = { ...pactOf(desk), taskDescription: 'Something else' }
      return bent((body) => ({ ...body, terms: encodePact(pact), pactHash: hashPact(pact) }))
    },
  },
  {
    name: "the buyer's signature twice",
    status: 422,
    code: 'invalid_seller_signature',
    request: () => bent((body) => ({ ...body, sellerSignature: body.buyerSignature })),
  },
  {
    name: 'DIDs that are not those of the terms',
    status: 409,
    code: 'pact_mismatch',
    request: () => bent((body) => ({ ...body, sellerDid: body.buyerDid })),
  },
  {
    name: 'a pact for another chain',
    status: 422,
    code: 'wrong_chain',
    request: () => {
      const { escrow } = encodePact(pactOf(desk))
      const pact = pactOf(desk, { escrow: { ...escrow, chainId: 8453 } })
      return post({ body: registrationOf(desk, pact) })
    },
  },
  {
    name: 'a pact for another escrow contract',
    status: 422,
    code: 'wrong_escrow',
    request: () => {
      const { escrow } = encodePact(pactOf(desk))
      const pact = pactOf(desk, { escrow: { ...escrow, contract: `0x${'77'.repeat(20)}` } })
      return post({ body: registrationOf(desk, pact) })
    },
  },
  {
    name: 'terms that the contract refuses',
    status: 422,
    code: 'amount_too_small',
    request: () => bent((body) => ({ ...body, terms: { ...body.terms, paymentUsdc: '0.009999' } })),
  },
  {
    name: 'a completion of an unknown escrow',
    status: 422,
    code: 'invalid_request',
    request: () => post({ path: '/api/v1/completions', body: {} }),
  },
  {
    name: 'an upload to an unknown escrow',
    status: 404,
    code: 'escrow_unknown',
    request: () =>
      post({
        method: 'PUT',
        path: `/api/v1/escrows/0x${'ab'.repeat(32)}/artifacts/a.json`,
        body: new Uint8Array([1]),
      }),
  },
  {
    name: 'an upload whose name leaves its folder',
    status: 422,
    code: 'invalid_request',
    request: () =>
      post({
        method: 'PUT',
        path: `/api/v1/escrows/0x${'ab'.repeat(32)}/artifacts/${encodeURIComponent('../a')}`,
        body: new Uint8Array([1]),
      }),
  },
  {
    name: 'a relayed call that is none',
    status: 422,
    code: 'relay_refused',
    request: () => post({ path: '/api/v1/relay', body: { data: '0xdeadbeef' } }),
  },
  {
    name: 'a route that is none',
    status: 404,
    code: 'not_found',
    request: async () => desk.app.request('/api/v1/nothing'),
  },
]

describe('hostile writes', () => {
  for (const { name, status, code, request } of cases) {
    test(`${name}: ${status} ${code}`, async () => {
      const response = await request()
      const body = await problem(response)
      assert.deepEqual([response.status, body.code], [status, code])
    })
  }
})

test('[DRV-08] the same request again gives the same answer, done once', async () => {
  const nonce = crypto.randomUUID()
  const body = registrationOf(desk, pactOf(desk))
  const first = await post({ nonce, body })
  const again = await post({ nonce, body })
  assert.equal(first.status, 201)
  assert.equal(again.status, 201)
  assert.equal(again.headers.get('idempotent-replayed'), 'true')
  assert.deepEqual(await again.json(), await first.json())
})

test('[DRV-08] the same idempotency key under another nonce gives the same answer', async () => {
  const headers = { 'idempotency-key': 'order-1' }
  const body = registrationOf(desk, pactOf(desk))
  const first = await post({ headers, body })
  const again = await post({ headers, body })
  assert.deepEqual(await again.json(), await first.json())
  const other = await post({ headers, body: registrationOf(desk, pactOf(desk)) })
  assert.equal((await problem(other)).code, 'idempotency_key_reused')
})

test('[DRV-08] a captured request under another idempotency key is refused', async () => {
  const nonce = crypto.randomUUID()
  const body = registrationOf(desk, pactOf(desk))
  await post({ nonce, body })
  const replayed = await post({ nonce, body, headers: { 'idempotency-key': 'mine' } })
  assert.deepEqual([replayed.status, (await problem(replayed)).code], [409, 'request_replayed'])
})

test('a write that failed may be tried again with the same nonce', async () => {
  const nonce = crypto.randomUUID()
  const fresh = party(55)
  const path = `/api/v1/agents/${encodeURIComponent(fresh.identity.did)}/heartbeats`
  const body = { at: '2027-01-15T08:00:00Z', escrowIds: [] }
  const beat = () => send(desk, { by: fresh, method: 'POST', path, body, nonce })
  assert.equal((await beat()).status, 404)
  await register(desk, fresh)
  assert.equal((await beat()).status, 202)
})

test('[ORC-18] without a key anybody reads, and too fast is told when to come back', async () => {
  const slow = await createDesk({ app: { readLimit: { burst: 2, perSecond: 0.5 } } })
  try {
    const read = () => slow.app.request('/api/v1/oracle')
    assert.equal((await read()).status, 200)
    assert.equal((await read()).status, 200)
    const refused = await read()
    assert.deepEqual([refused.status, (await problem(refused)).code], [429, 'rate_limited'])
    assert.equal(refused.headers.get('retry-after'), '2')
  } finally {
    await slow.close()
  }
})

test('[TOL-23] every route of the protocol stands in the OpenAPI document', async () => {
  const document = (await (await desk.app.request('/openapi.json')).json()) as {
    openapi: string
    paths: Record<string, Record<string, { responses: object }>>
  }
  assert.equal(document.openapi, '3.1.0')
  for (const route of Object.values(routes)) {
    const path = `${API_BASE}${route.path.replace(/:([a-zA-Z]+)/g, '{$1}')}`
    assert.ok(document.paths[path]?.[route.method.toLowerCase()], path)
  }
})

test('every reference of the OpenAPI document leads somewhere, and limits and resumption are written down', async () => {
  const document = await (await desk.app.request('/openapi.json')).json()
  const text = JSON.stringify(document)
  const references = new Set([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, at]) => at as string))
  assert.ok(references.size >= 3)
  for (const reference of references) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce((place: unknown, name) => (place as Record<string, unknown>)?.[name], document)
    assert.ok(reference.startsWith('#/') && found, reference)
  }
  assert.doesNotMatch(text, /"\$defs"/)
  const { paths, components } = document as {
    paths: Record<
      string,
      Record<string, { parameters: { name: string; in: string }[]; responses: object }>
    >
    components: { responses: { TooMany: { headers: object } } }
  }
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    assert.ok('429' in operation.responses && 'default' in operation.responses)
  }
  assert.deepEqual(Object.keys(components.responses.TooMany.headers), ['Retry-After'])
  const events = paths[`${API_BASE}/events`]?.get?.parameters ?? []
  assert.ok(events.some(({ name, in: place }) => name === 'last-event-id' && place === 'header'))
})
