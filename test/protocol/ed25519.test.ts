import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as pure from '../../sdk/src/protocol/ed25519.ts'
import * as platform from '../../sdk/src/protocol/ed25519Node.ts'
import { fromHex, readVector } from './vector.ts'

const rfc = readVector<{
  cases: Record<'name' | 'secretKey' | 'publicKey' | 'message' | 'signature', string>[]
  refused: Record<'name' | 'publicKey' | 'message' | 'signature', string>[]
}>('ed25519.json')

const { Point } = pure

/** The order of the base point, and the prime of the field (RFC 8032, 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n
const message = new TextEncoder().encode('a pact')

const toNumber = (bytes: Uint8Array) =>
  BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
const toBytes = (number: bigint) =>
  Uint8Array.from(Buffer.from(number.toString(16).padStart(64, '0'), 'hex')).reverse()
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts))
const withSign = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 31 ? byte | 0x80 : byte))

/** The eight points whose order divides eight, out of one of order eight. */
const generator = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
const torsion = Array.from({ length: 8 }, (_, n) =>
  n === 0 ? Point.ZERO : generator.multiply(BigInt(n), false),
)

/** A signature by a signer that adds points of small order to its key and to R, as only a cheat does. */
function crooked({ key, nonce }: { key: pure.Point; nonce: pure.Point }) {
  const [s, r] = [123456789n, 987654321n]
  const publicKey = Point.BASE.multiply(s).add(key).toBytes()
  const R = Point.BASE.multiply(r).add(nonce).toBytes()
  const hash = createHash('sha512').update(R).update(publicKey).update(message).digest()
  const S = (r + (toNumber(hash) % L) * s) % L
  return { publicKey, signature: join(R, toBytes(S)) }
}

/** What both say; they must say the same, and `false` where one of them throws. */
function verdict(signature: Uint8Array, text: Uint8Array, publicKey: Uint8Array): boolean {
  const [a, b] = [pure, platform].map(({ verify }) => {
    try {
      return verify(signature, text, publicKey)
    } catch {
      return false
    }
  })
  assert.equal(a, b, 'plain JavaScript and the platform disagree')
  return a ?? false
}

describe('ed25519', () => {
  for (const { name, ...vector } of rfc.cases) {
    test(`both sign and accept RFC 8032 ${name}`, () => {
      const [secretKey, publicKey] = [fromHex(vector.secretKey), fromHex(vector.publicKey)]
      const [text, signature] = [fromHex(vector.message), fromHex(vector.signature)]
      for (const { derive, sign } of [pure, platform]) {
        assert.deepEqual(derive(secretKey), publicKey)
        assert.deepEqual(sign(text, secretKey), signature)
      }
      assert.equal(verdict(signature, text, publicKey), true)
    })
  }

  for (const { name, ...vector } of rfc.refused) {
    test(`both refuse ${name}`, () => {
      const [text, signature] = [fromHex(vector.message), fromHex(vector.signature)]
      assert.equal(verdict(signature, text, fromHex(vector.publicKey)), false)
    })
  }

  test('both derive, sign and verify the same for any key and message', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 200 }), fc.nat(511), (key, text, bit) => {
        const publicKey = pure.derive(key)
        const signature = pure.sign(text, key)
        assert.deepEqual(platform.derive(key), publicKey)
        assert.deepEqual(platform.sign(text, key), signature)
        assert.equal(verdict(signature, text, publicKey), true)
        const bent = signature.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
        assert.equal(verdict(bent, text, publicKey), false)
      }),
      { numRuns: 40 },
    )
  })

  test('[W-2] a second encoding of S is refused, however often L is added', () => {
    const key = new Uint8Array(32).fill(7)
    const [publicKey, signature] = [pure.derive(key), pure.sign(message, key)]
    const S = toNumber(signature.slice(32))
    for (let other = S + L; other < 2n ** 256n; other += L) {
      assert.equal(verdict(join(signature.slice(0, 32), toBytes(other)), message, publicKey), false)
    }
  })

  test('[W-2] a key of small order signs nothing, in none of its encodings', () => {
    const encodings = torsion.flatMap((point) => {
      const bytes = point.toBytes()
      const y = toNumber(bytes.map((byte, at) => (at === 31 ? byte & 0x7f : byte)))
      const others = y + P < 2n ** 255n ? [toBytes(y + P), withSign(toBytes(y + P))] : []
      return [bytes, withSign(bytes), ...others]
    })
    assert.ok(encodings.length > 16)
    for (const publicKey of encodings) {
      // With S = 0 the equation holds for every one of them: only a look at the key refuses.
      for (const R of torsion.map((point) => point.toBytes())) {
        for (let n = 0; n < 8; n++) {
          const text = Uint8Array.of(n)
          const signature = join(R, new Uint8Array(32))
          assert.equal(verdict(signature, text, publicKey), false)
        }
      }
    }
  })

  test('a key or an R with y + p is refused where it names a point at all', () => {
    const names = [0n, 1n, 3n, 4n, 5n, 9n, 14n, 15n, 16n, 18n].map((y) => toBytes(y + P))
    const key = new Uint8Array(32).fill(7)
    const signature = pure.sign(message, key)
    for (const name of names.flatMap((bytes) => [bytes, withSign(bytes)])) {
      assert.equal(verdict(signature, message, name), false)
      const other = join(name, signature.slice(32))
      assert.equal(verdict(other, message, pure.derive(key)), false)
    }
  })

  test('points of small order in the key or in R: both say the same of all sixty-four', () => {
    const said = torsion.flatMap((key) =>
      torsion.map((nonce) => {
        const { publicKey, signature } = crooked({ key, nonce })
        return verdict(signature, message, publicKey)
      }),
    )
    // The reference multiplies by the cofactor, the platform does not; what counts is the reference.
    assert.deepEqual(new Set(said), new Set([true]))
  })

  test('wrong lengths are refused', () => {
    const key = new Uint8Array(32).fill(7)
    const [publicKey, signature] = [pure.derive(key), pure.sign(message, key)]
    for (const length of [0, 31, 33, 63]) {
      assert.equal(verdict(signature.slice(0, length), message, publicKey), false)
      assert.equal(verdict(signature, message, publicKey.slice(0, Math.min(length, 31))), false)
    }
    assert.equal(verdict(join(signature, Uint8Array.of(0)), message, publicKey), false)
    assert.equal(verdict(signature, message, join(publicKey, Uint8Array.of(0))), false)
  })

  test('another key written into the same array signs as itself', () => {
    const key = new Uint8Array(32).fill(7)
    platform.sign(message, key)
    key.fill(9)
    assert.deepEqual(platform.sign(message, key), pure.sign(message, key))
    assert.deepEqual(platform.derive(key), pure.derive(key))
  })
})
