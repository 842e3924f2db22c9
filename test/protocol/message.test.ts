import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decode,
  hashPact,
  PACT_EXTENSION,
  type RejectionBody,
  requestMessageSchema,
  responseMessageSchema,
  signPact,
  signRejection,
  verifyRejection,
} from '@earnest/sdk/protocol'
import { buyer, samplePact, samplePactWire, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const pact = samplePact()
const pactHash = hashPact(pact)
const signature = signPact({ pact, identity: buyer })
const escrowId = `0x${'01'.repeat(32)}`
const request = (message: unknown) => decode(requestMessageSchema, message, 'invalid_message')
const response = (message: unknown) => decode(responseMessageSchema, message, 'invalid_message')
const rejection: RejectionBody = {
  pactHash,
  rejectedBy: seller.did,
  rejectedAt: 1000,
  reasonCode: 'price_too_low',
  rejectionReason: 'Below our list price',
}

describe('message', () => {
  test('the extension has a versioned URI of its own', () => {
    assert.match(PACT_EXTENSION, /^urn:[a-z0-9:-]+:v\d+$/)
  })

  test('[PCT-15] a proposal is {taskType, payload {pact, pactHash, signature}}', () => {
    const payload = { pact: samplePactWire, pactHash, signature }
    const message = request({ taskType: 'pact_negotiation', payload })
    assert.ok(message.taskType === 'pact_negotiation' && 'payload' in message)
    assertCode(() => request({ taskType: 'pact_anything', payload }), 'invalid_message')
    assertCode(() => request({ taskType: 'pact_negotiation', payload: {} }), 'invalid_message')
    assertCode(
      () => request({ taskType: 'pact_negotiation', payload: { ...payload, note: 'x' } }),
      'invalid_message',
    )
  })

  test('[PCT-17] an acceptance is {pactHash, acceptedBy, acceptedAt, signature, amendments: null}', () => {
    const payload = {
      pactHash,
      acceptedBy: seller.did,
      acceptedAt: '2026-04-22T09:01:00Z',
      signature,
      amendments: null,
    }
    const message = request({ taskType: 'pact_acceptance', payload })
    assert.equal(message.taskType, 'pact_acceptance')
    for (const field of Object.keys(payload)) {
      const bent: Record<string, unknown> = { ...payload }
      delete bent[field]
      assertCode(() => request({ taskType: 'pact_acceptance', payload: bent }), 'invalid_message')
    }
    const amended = { ...payload, amendments: samplePactWire }
    assertCode(() => request({ taskType: 'pact_acceptance', payload: amended }), 'invalid_message')
  })

  test('work is named by its capability', () => {
    const work = { taskType: 'financial_analysis', escrowId, pactId: pactHash }
    assert.deepEqual(request(work), work)
    assertCode(() => request({ ...work, data: { a: 1 } }), 'invalid_message')
    assertCode(() => request({ ...work, taskType: 'pact_negotiation' }), 'invalid_message')
    assertCode(() => request({ ...work, escrowId: 'esc-1' }), 'invalid_message')
  })

  const ids = { pactId: pactHash, escrowId }
  const rejected = {
    status: 'rejected',
    pactHash,
    rejectedBy: seller.did,
    rejectedAt: '2026-04-22T09:01:00Z',
    reasonCode: 'busy',
    rejectionReason: 'Busy',
    signature,
  }
  const countered = {
    status: 'counter_proposed',
    amendedPact: samplePactWire,
    amendedPactHash: pactHash,
    sellerSignature: signature,
  }
  const completed = {
    status: 'completed',
    ...ids,
    deliverableHash: pactHash,
    completionTimeUtc: '2026-04-22T09:01:00Z',
  }
  const answers: Record<string, unknown>[] = [
    { status: 'accepted', pactHash, sellerSignature: signature },
    countered,
    rejected,
    { status: 'declined', reasonCode: 'invalid_escrow_state', reason: 'Refunded' },
    { status: 'working', ...ids },
    { status: 'execution_failed', ...ids, reasonCode: 'x', reason: 'x' },
    completed,
  ]
  for (const answer of answers) {
    test(`an answer may be ${answer.status}, with every field and no other`, () => {
      assert.equal(response(answer).status, answer.status)
      for (const field of Object.keys(answer)) {
        const bent = { ...answer }
        delete bent[field]
        assertCode(() => response(bent), 'invalid_message')
      }
      assertCode(() => response({ ...answer, extra: 1 }), 'invalid_message')
    })
  }

  test('[W-2] a rejection counts from whom it names, for the pact it names', () => {
    const signed = {
      body: rejection,
      signature: signRejection({ body: rejection, identity: seller }),
    }
    verifyRejection(signed)
    const bodies: RejectionBody[] = [
      { ...rejection, pactHash: '00'.repeat(32) },
      { ...rejection, rejectedBy: buyer.did },
      { ...rejection, reasonCode: 'other' },
      { ...rejection, rejectedAt: 1001 },
    ]
    for (const body of bodies) {
      assertCode(() => verifyRejection({ ...signed, body }), 'invalid_rejection')
    }
    assertCode(() => signRejection({ body: rejection, identity: buyer }), 'signer_not_party')
  })
})
