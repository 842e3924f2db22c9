import assert from 'node:assert/strict'
import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  createIdentity,
  publicKeyOf,
  SIGNATURE_TYPES,
  type SignatureType,
  signBody,
  signingBytes,
  verifyBody,
  verifyBytes,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { assertCode } from './code.ts'
import { fromHex, readVector } from './vector.ts'

const rfc = readVector<{
  cases: Record<'name' | 'secretKey' | 'publicKey' | 'message' | 'signature', string>[]
  refused: Record<'name' | 'publicKey' | 'message' | 'signature', string>[]
}>('ed25519.json')
const contexts = readVector<{
  publicKey: string
  secretKey: string
  body: Record<string, string>
  cases: { type: SignatureType; signingBytes: string; signature: string }[]
}>('signature.json')
const secretKey = fromHex(contexts.secretKey)
const publicKey = fromHex(contexts.publicKey)

describe('signature', () => {
  for (const { name, ...vector } of rfc.cases) {
    test(`RFC 8032 ${name}`, () => {
      const key = fromHex(vector.publicKey)
      assert.deepEqual(publicKeyOf(fromHex(vector.secretKey)), key)
      const [message, signature] = [fromHex(vector.message), fromHex(vector.signature)]
      assert.equal(verifyBytes({ signature, message, publicKey: key }), true)
    })
  }

  for (const { name, ...vector } of rfc.refused) {
    test(`refuses ${name}`, () => {
      const [message, signature] = [fromHex(vector.message), fromHex(vector.signature)]
      assert.equal(verifyBytes({ signature, message, publicKey: fromHex(vector.publicKey) }), false)
    })
  }

  test('every context has its vector, in order', () => {
    assert.deepEqual(
      contexts.cases.map(({ type }) => type),
      [...SIGNATURE_TYPES],
    )
  })

  for (const { type, ...vector } of contexts.cases) {
    test(`signs ${type} as the vector has it`, () => {
      const { body } = contexts
      assert.deepEqual(signingBytes({ type, body }), fromHex(vector.signingBytes))
      assert.equal(signBody({ type, body, secretKey }), vector.signature)
    })
  }

  test('[W-2][PCT-14] a signature of one context verifies in no other', () => {
    for (const { type, signature } of contexts.cases) {
      for (const other of SIGNATURE_TYPES) {
        const verified = verifyBody({ type: other, body: contexts.body, signature, publicKey })
        assert.equal(verified, other === type, `${type} as ${other}`)
      }
    }
  })

  test('[W-2] a stock verifier accepts what we sign', () => {
    const prefix = Buffer.from('302a300506032b6570032100', 'hex')
    const key = createPublicKey({
      key: Buffer.concat([prefix, publicKey]),
      format: 'der',
      type: 'spki',
    })
    for (const vector of contexts.cases) {
      const [bytes, signature] = [fromHex(vector.signingBytes), fromHex(vector.signature)]
      assert.equal(nodeVerify(null, bytes, key, signature), true)
    }
  })

  test('[W-2] any change of the body, the key or the signature is refused', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(127), (text, other, at) => {
        const body = { text }
        const signature = signBody({ type: 'pact', body, secretKey })
        const check = { type: 'pact', body, signature, publicKey } as const
        assert.equal(verifyBody(check), true)
        assert.equal(verifyBody({ ...check, body: { text: other } }), text === other)
        const wrong = signature[at] === '0' ? '1' : '0'
        const bent = signature.slice(0, at) + wrong + signature.slice(at + 1)
        assert.equal(verifyBody({ ...check, signature: bent }), false)
        const stranger = publicKeyOf(new Uint8Array(32).fill(9))
        assert.equal(verifyBody({ ...check, publicKey: stranger }), false)
      }),
      { numRuns: 25 },
    )
  })

  test('[W-10] a bare hash cannot be signed', () => {
    for (const body of ['ab'.repeat(32), fromHex('ab'.repeat(32)), 5, null, ['ab'], undefined]) {
      const code = body instanceof Uint8Array ? 'not_canonical' : 'bare_hash_refused'
      assertCode(() => signBody({ type: 'pact', body, secretKey }), code)
    }
  })

  test('refuses an unknown context', () => {
    const type = 'anything' as SignatureType
    assertCode(() => signBody({ type, body: {}, secretKey }), 'unknown_signature_type')
    const signature = contexts.cases[0]?.signature ?? ''
    assert.equal(verifyBody({ type, body: {}, signature, publicKey }), false)
  })

  test('[W-2] a secret key in hex is refused, not read as something else', () => {
    const key = contexts.secretKey as unknown as Uint8Array
    assertCode(() => signBody({ type: 'pact', body: {}, secretKey: key }), 'invalid_secret_key')
    assertCode(() => publicKeyOf(new Uint8Array(31)), 'invalid_secret_key')
  })

  test('a signature in upper case or of another length is refused', () => {
    const { type, signature } = contexts.cases[0] ?? assert.fail()
    const check = { type, body: contexts.body, publicKey }
    assert.equal(verifyBody({ ...check, signature: signature.toUpperCase() }), false)
    assert.equal(verifyBody({ ...check, signature: signature.slice(2) }), false)
    assert.equal(verifyBody({ ...check, signature: `0x${signature}` }), false)
  })

  test('an identity signs with its own key and keeps it to itself', () => {
    const identity = createIdentity({ secretKey })
    const [{ type, signature } = assert.fail()] = contexts.cases
    assert.equal(identity.sign({ type, body: contexts.body }), signature)
    assert.equal(JSON.stringify(identity).includes(contexts.secretKey), false)
    assert.equal(
      Object.values(identity).some(
        (value) => value instanceof Uint8Array && Buffer.from(value).equals(secretKey),
      ),
      false,
    )
  })
})
