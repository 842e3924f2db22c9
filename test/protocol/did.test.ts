import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { did, didFromPublicKey, publicKeyFromDid } from '@earnest/sdk/protocol'
import { assertCode } from './code.ts'
import { fromHex, readVector } from './vector.ts'

const vectors = readVector<{
  cases: { name: string; publicKey: string; did: string }[]
  refused: { name: string; did: string }[]
}>('did-key.json')

describe('did', () => {
  for (const vector of vectors.cases) {
    test(vector.name, () => {
      assert.equal(didFromPublicKey(fromHex(vector.publicKey)), vector.did)
      assert.deepEqual(publicKeyFromDid(vector.did), fromHex(vector.publicKey))
      assert.equal(did.parse(vector.did), vector.did)
    })
  }

  for (const vector of vectors.refused) {
    test(`refuses ${vector.name}`, () => {
      assertCode(() => publicKeyFromDid(vector.did), 'invalid_did')
      assert.equal(did.safeParse(vector.did).success, false)
    })
  }

  test('refuses a key of another length', () => {
    assertCode(() => didFromPublicKey(new Uint8Array(31)), 'invalid_did')
    assertCode(() => didFromPublicKey(new Uint8Array(33)), 'invalid_did')
  })
})
