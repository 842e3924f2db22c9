import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes, signRequest, verifyBody, verifyRequest } from '@earnest/sdk/protocol'
import { buyer, oracle, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const body = new TextEncoder().encode('{"a":1}')
const given = {
  identity: buyer,
  method: 'POST',
  path: '/api/v1/pacts?x=1',
  audience: oracle.did,
  body,
  issuedAt: 1_776_000_000,
  nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
} as const

const headers = signRequest(given)
const check = {
  header: (name: string) => headers[name],
  method: 'POST',
  path: given.path as string,
  audience: oracle.did,
  bodySha256: hashBytes(body),
  now: given.issuedAt,
}

describe('request', () => {
  test('a signed request names its signer, and proves it to anybody', () => {
    const { issuedAt, nonce } = given
    const { proof, ...verified } = verifyRequest(check)
    assert.deepEqual(verified, { signer: buyer.did, nonce, issuedAt })
    const { signature, ...body } = proof
    const publicKey = buyer.publicKey
    assert.ok(verifyBody({ type: 'request', body, signature, publicKey }))
    assert.ok(!verifyBody({ type: 'request', body, signature, publicKey: seller.publicKey }))
  })

  const changes: [string, Partial<typeof check>][] = [
    ['another method', { method: 'PUT' }],
    ['another path', { path: '/api/v1/pacts?x=2' }],
    ['another oracle', { audience: seller.did }],
    ['another body', { bodySha256: hashBytes(new Uint8Array(0)) }],
  ]
  for (const [name, change] of changes) {
    test(`[W-2] refuses ${name}`, () => {
      assertCode(() => verifyRequest({ ...check, ...change }), 'invalid_request_signature')
    })
  }

  const bent: [string, string][] = [
    ['earnest-signer', seller.did],
    ['earnest-nonce', '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e60'],
    ['earnest-issued-at', String(given.issuedAt + 1)],
    ['earnest-signature', '00'.repeat(64)],
  ]
  for (const [name, value] of bent) {
    test(`refuses another ${name}`, () => {
      const header = (asked: string) => (asked === name ? value : headers[asked])
      assertCode(() => verifyRequest({ ...check, header }), 'invalid_request_signature')
    })
    test(`refuses a request without ${name}`, () => {
      const header = (asked: string) => (asked === name ? null : headers[asked])
      assertCode(() => verifyRequest({ ...check, header }), 'request_unsigned')
    })
  }

  test('clocks may differ by 300 s and no more', () => {
    for (const now of [given.issuedAt - 300, given.issuedAt + 300]) verifyRequest({ ...check, now })
    for (const now of [given.issuedAt - 301, given.issuedAt + 301]) {
      assertCode(() => verifyRequest({ ...check, now }), 'request_expired')
    }
  })

  test('a time that is no plain number is refused', () => {
    for (const text of ['1e9', ' 1776000000', '0x10', '-1', '01', '']) {
      const header = (asked: string) => (asked === 'earnest-issued-at' ? text : headers[asked])
      assertCode(() => verifyRequest({ ...check, header }), 'request_unsigned')
    }
  })

  test('the key resolver decides which key counts', () => {
    assertCode(
      () => verifyRequest({ ...check, keyOf: () => seller.publicKey }),
      'invalid_request_signature',
    )
  })
})
