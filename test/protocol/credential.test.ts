import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  CREDENTIAL_HEAD,
  type Credential,
  canonicalBytes,
  encode,
  signCredential,
  signDocument,
  signedCredentialSchema,
  verifyCredential,
  verifyDocument,
} from '@earnest/sdk/protocol'
import { oracle, oracleSecret, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const credential: Credential = {
  ...CREDENTIAL_HEAD,
  id: 'urn:uuid:8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
  issuer: oracle.did,
  validFrom: 1000,
  validUntil: 2000,
  credentialStatus: { id: 'https://oracle.example/status/1', type: 'EarnestRevocation' },
  credentialSubject: {
    id: seller.did,
    role: 'seller',
    domain: 'financial_analysis',
    transactions: 12,
    score: 834,
    fulfilled: 9.5,
    failed: 0,
    meanUsdc: 50_000_000n,
    windowFrom: 0,
    windowUntil: 1000,
    evidenceRoot: 'ab'.repeat(32),
    evidenceSize: 40,
    scorer: '1',
  },
}
const signed = signCredential({ credential, identity: oracle, created: 1000 })

describe('credential', () => {
  test('verifies offline from first to last second', () => {
    verifyCredential(signed, { now: 1000 })
    verifyCredential(signed, { now: 1999 })
    for (const now of [999, 2000]) {
      assertCode(() => verifyCredential(signed, { now }), 'credential_expired')
    }
  })

  test('a stock verifier that knows only eddsa-jcs-2022 accepts it', () => {
    const { proof, ...document } = encode(signedCredentialSchema, signed, 'x')
    const { proofValue, ...options } = proof
    const sha256 = (value: unknown) => createHash('sha256').update(canonicalBytes(value)).digest()
    const key = createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), oracle.publicKey]),
      format: 'der',
      type: 'spki',
    })
    const message = Buffer.concat([sha256(options), sha256(document)])
    assert.equal(verify(null, message, key, fromBase58(proofValue.slice(1))), true)
  })

  const changes: [string, Partial<Credential['credentialSubject']>][] = [
    ['more trades', { transactions: 13 }],
    ['a better score', { score: 835 }],
    ['another domain', { domain: '*' }],
    ['another subject', { id: oracle.did }],
  ]
  for (const [name, change] of changes) {
    test(`refuses ${name}`, () => {
      const bent = { ...signed, credentialSubject: { ...signed.credentialSubject, ...change } }
      assertCode(() => verifyCredential(bent, { now: 1500 }), 'invalid_credential')
    })
  }

  test('refuses another validity, another issuer and another key', () => {
    for (const bent of [
      { ...signed, validUntil: 9000 },
      { ...signed, issuer: seller.did },
      { ...signed, proof: { ...signed.proof, created: 1001 } },
      { ...signed, proof: { ...signed.proof, verificationMethod: `${seller.did}#x` } },
    ]) {
      assertCode(() => verifyCredential(bent, { now: 1500 }), 'invalid_credential')
    }
    const keyOf = () => seller.publicKey
    assertCode(() => verifyCredential(signed, { now: 1500, keyOf }), 'invalid_credential')
    const theft = { credential, identity: seller, created: 1000 }
    assertCode(() => signCredential(theft), 'signer_not_party')
  })

  test('document and options cannot change places', () => {
    const secured = { document: { a: 1 }, options: { b: 2 } }
    const signature = signDocument({ ...secured, secretKey: oracleSecret })
    const publicKey = oracle.publicKey
    assert.equal(verifyDocument({ ...secured, signature, publicKey }), true)
    const swapped = { document: secured.options, options: secured.document }
    assert.equal(verifyDocument({ ...swapped, signature, publicKey }), false)
  })
})

function fromBase58(text: string): Buffer {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  const number = [...text].reduce((sum, char) => sum * 58n + BigInt(alphabet.indexOf(char)), 0n)
  return Buffer.from(number.toString(16).padStart(128, '0'), 'hex')
}
