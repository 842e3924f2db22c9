import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdentity, isEarnestError } from '@earnest/sdk/protocol'
import { createSigner } from '../../../oracle/src/store/signer.ts'

const secretKey = new Uint8Array(32).fill(0x5a)

test("the platform's signatures are the kernel's, byte for byte", () => {
  const ours = createSigner({ secretKey })
  const kernel = createIdentity({ secretKey })
  assert.equal(ours.did, kernel.did)
  for (const type of ['event', 'trust', 'settlement'] as const) {
    const statement = { type, body: { n: 1, text: 'ü', list: [null, true] } }
    assert.equal(ours.sign(statement), kernel.sign(statement))
  }
})

test('a bare hash is refused as by the kernel', () => {
  const signer = createSigner({ secretKey })
  for (const body of ['0'.repeat(64), null, ['x'], 1]) {
    assert.throws(
      () => signer.sign({ type: 'event', body }),
      (error) => isEarnestError(error, 'bare_hash_refused'),
    )
  }
})
