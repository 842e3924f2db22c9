import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  artifactHash,
  type CompletionBody,
  type CompletionProof,
  completionProofSchema,
  decode,
  encode,
  escrowIdOfPact,
  hashBytes,
  hashPact,
  manifestOf,
  signCompletion,
  verifyCompletion,
} from '@earnest/sdk/protocol'
import { buyer, oracle, samplePact, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const content = new TextEncoder().encode('{"ok":true}')
const manifest = manifestOf([
  {
    name: 'result.json',
    mime: 'application/json',
    size: content.length,
    sha256: hashBytes(content),
  },
])
const pact = samplePact()
const body: CompletionBody = {
  escrowId: escrowIdOfPact({ pact }),
  pactId: hashPact(pact),
  round: 1,
  seller: seller.did,
  audience: oracle.did,
  deliverableHash: artifactHash(manifest),
  manifest,
  completionTimeUtc: pact.deadlineUtc - 60,
  executionMetrics: { latencyMs: 5, modelVersionUsed: 'internal-v2.4.1', confidenceScore: null },
  nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
}
const proof: CompletionProof = {
  ...body,
  sellerSignature: signCompletion({ body, identity: seller }),
  sellerAuthorization: { authorization: '0x00', reserve: false },
}
const now = body.completionTimeUtc

describe('completion', () => {
  test('a proof survives the wire and verifies', () => {
    const wire = encode(completionProofSchema, proof, 'invalid_completion')
    assert.equal(wire.completionTimeUtc, '2026-04-23T17:59:00Z')
    verifyCompletion(decode(completionProofSchema, wire, 'invalid_completion'), { now })
  })

  const replays: [string, Partial<CompletionBody>][] = [
    ['another escrow', { escrowId: `0x${'01'.repeat(32)}` }],
    ['another pact', { pactId: '01'.repeat(32) }],
    ['another round', { round: 2 }],
    ['another oracle', { audience: buyer.did }],
    ['another time', { completionTimeUtc: now - 1 }],
    ['other metrics', { executionMetrics: { latencyMs: 1 } }],
    ['another nonce', { nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e60' }],
  ]
  for (const [name, change] of replays) {
    test(`[W-2] refuses the signature for ${name}`, () => {
      assertCode(
        () => verifyCompletion({ ...proof, ...change }, { now }),
        'invalid_seller_signature',
      )
    })
  }

  test('refuses a hash that is not the manifest’s, signed or not', () => {
    const bent = { ...body, deliverableHash: '00'.repeat(32) }
    assertCode(() => signCompletion({ body: bent, identity: seller }), 'hash_mismatch')
    assertCode(() => verifyCompletion({ ...proof, ...bent }, { now }), 'hash_mismatch')
    const [file] = manifest
    assert.ok(file)
    const other = { ...proof, manifest: [{ ...file, size: file.size + 1 }] }
    assertCode(() => verifyCompletion(other, { now }), 'hash_mismatch')
  })

  test('only the seller signs', () => {
    assertCode(() => signCompletion({ body, identity: buyer }), 'signer_not_party')
    const taken = { ...proof, seller: buyer.did }
    assertCode(() => verifyCompletion(taken, { now }), 'invalid_seller_signature')
  })

  for (const field of Object.keys(proof)) {
    test(`refuses a proof without ${field}`, () => {
      const wire: Record<string, unknown> = encode(completionProofSchema, proof, 'x')
      delete wire[field]
      assertCode(
        () => decode(completionProofSchema, wire, 'invalid_completion'),
        'invalid_completion',
      )
    })
  }
})
