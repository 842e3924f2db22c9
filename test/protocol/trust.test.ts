import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  compositeOf,
  DIMENSION_WEIGHTS,
  type Dimension,
  decode,
  encode,
  type ScoreBreakdown,
  type TrustBody,
  trustBodySchema,
  trustResponseSchema,
  verifyTrust,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { buyer, oracle, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const breakdown: ScoreBreakdown = {
  accuracy: 91,
  reliability: 88,
  safety: 95,
  security: 87,
  selfAudit: 82,
  latency: 79,
  scopeHonesty: 90,
  costEfficiency: 85,
  bondScore: 92,
  modelCompliance: null,
  runtimeCompliance: null,
  harnessStability: null,
}
const body: TrustBody = {
  agentId: seller.did,
  role: 'seller',
  capability: null,
  status: 'rated',
  compositeScore: 881,
  idleDecay: 0,
  scoreBreakdown: breakdown,
  certificationLevel: 'verified',
  bondTier: 2,
  bondAmountUsdc: 5_000_000_000n,
  pacts: [
    {
      pactId: 'ab'.repeat(32),
      capability: 'dcf_modeling',
      verifiedAt: 0,
      fulfillmentRate: 0.95,
      taskCount: 312,
    },
  ],
  fulfillmentRate90d: 0.971,
  tasksCompleted90d: 428,
  lastActiveAt: 1000,
  lastSettledAt: 1000,
  health: { availability: 100 },
  penalties: [{ code: 'partial_delivery', at: 900, points: { accuracy: 3, scopeHonesty: 6 } }],
  memoryAttestations: 23,
  incidentCount90d: 1,
  scoreUpdatedAt: 1000,
  failureProbability: 0.02,
  lower: 0.01,
  upper: 0.04,
  evidence: 312,
  counterparties: 80,
  effectiveCounterparties: 41.5,
  flags: [],
  buyer: { completed: 0, disputesFiled: 0, sellerReleaseRate: null },
  scorer: { version: '1', codeHash: 'cd'.repeat(32), seeds: 'ab'.repeat(32) },
  eventRoot: 'ef'.repeat(32),
  costToFake100: null,
  oracle: oracle.did,
  asOf: 1000,
  validUntil: 1060,
  nonce: null,
}
const wire = encode(trustBodySchema, body, 'invalid_trust')
const signed = { ...body, signature: oracle.sign({ type: 'trust', body: wire }) }
const question = { agent: seller.did, oracle: oracle.did, now: 1001 }

describe('trust', () => {
  test('[W-8] twelve weights add up to one', () => {
    assert.equal(Object.keys(DIMENSION_WEIGHTS).length, 12)
    assert.equal(
      Object.values(DIMENSION_WEIGHTS).reduce((a, b) => a + b, 0),
      100,
    )
  })

  test('[W-8] unmeasured dimensions are left out, never counted as a number', () => {
    assert.equal(compositeOf(breakdown), 881)
    const full = {
      ...breakdown,
      modelCompliance: 56.7,
      runtimeCompliance: 56.7,
      harnessStability: 56.7,
    }
    assert.equal(compositeOf(full), 834)
    const none = Object.fromEntries(Object.keys(DIMENSION_WEIGHTS).map((name) => [name, null]))
    assert.equal(compositeOf(none as Record<Dimension, null>), null)
  })

  test('a composite is a whole number from 0 to 1000', () => {
    const value = fc.option(fc.double({ min: 0, max: 100, noNaN: true }))
    const names = Object.keys(DIMENSION_WEIGHTS)
    fc.assert(
      fc.property(fc.record(Object.fromEntries(names.map((name) => [name, value]))), (scores) => {
        const composite = compositeOf(scores as ScoreBreakdown)
        if (composite === null) return
        assert.ok(Number.isInteger(composite) && composite >= 0 && composite <= 1000)
      }),
    )
  })

  test('an answer survives the wire and verifies until its last second', () => {
    const response = decode(trustResponseSchema, { ...wire, signature: signed.signature }, 'x')
    verifyTrust(response, question)
    verifyTrust(response, { ...question, now: 1059 })
    assertCode(() => verifyTrust(response, { ...question, now: 1060 }), 'trust_stale')
    assertCode(() => verifyTrust(response, { ...question, now: 699 }), 'trust_stale')
  })

  test('[ORC-14] a bent answer, a foreign oracle and a foreign agent are refused', () => {
    assertCode(() => verifyTrust({ ...signed, compositeScore: 900 }, question), 'trust_unsigned')
    assertCode(() => verifyTrust({ ...signed, validUntil: 9000 }, question), 'trust_unsigned')
    const { agentId, nonce } = signed
    for (const [asked, details] of [
      [{ oracle: buyer.did }, { field: 'oracle', got: signed.oracle, want: buyer.did }],
      [{ agent: buyer.did }, { field: 'agentId', got: agentId, want: buyer.did }],
      [{ nonce: 'mine' }, { field: 'nonce', got: nonce, want: 'mine' }],
    ] as const) {
      const ask = () => verifyTrust(signed, { ...question, ...asked })
      assert.throws(ask, { code: 'trust_mismatch', details })
    }
    const keyOf = () => buyer.publicKey
    assertCode(() => verifyTrust(signed, { ...question, keyOf }), 'trust_unsigned')
  })

  for (const field of Object.keys(wire)) {
    test(`[W-12] refuses an answer without ${field}`, () => {
      const bent: Record<string, unknown> = { ...wire, signature: signed.signature }
      delete bent[field]
      assertCode(() => decode(trustResponseSchema, bent, 'invalid_trust'), 'invalid_trust')
    })
  }

  for (const name of Object.keys(DIMENSION_WEIGHTS)) {
    test(`[W-12] refuses a breakdown without ${name}`, () => {
      const scores: Record<string, unknown> = { ...wire.scoreBreakdown }
      delete scores[name]
      const bent = { ...wire, scoreBreakdown: scores, signature: signed.signature }
      assertCode(() => decode(trustResponseSchema, bent, 'invalid_trust'), 'invalid_trust')
    })
  }
})
