import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromBytes32, hash, hashBytes, parseHash, toBytes32 } from '@earnest/sdk/protocol'
import { assertCode } from './code.ts'

const lower = 'ab'.repeat(32)

describe('hash', () => {
  test('FIPS 180-4: SHA-256 of "abc"', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(hashBytes(new TextEncoder().encode('abc')), abc)
  })

  test('[API-10] 64 lower-case hex characters on the wire; 0x and upper case are read from people', () => {
    assert.equal(hash.parse(lower), lower)
    for (const text of [`0x${lower}`, lower.toUpperCase(), lower.slice(2), `${lower}00`, '']) {
      assert.equal(hash.safeParse(text).success, false, text)
    }
    for (const text of [lower, `0x${lower}`, `0X${lower.toUpperCase()}`]) {
      assert.equal(parseHash(text), lower)
    }
    for (const text of [
      '',
      '0x',
      lower.slice(1),
      `${lower}0`,
      `0x0x${lower}`,
      `g${lower.slice(1)}`,
    ]) {
      assertCode(() => parseHash(text), 'invalid_hash')
    }
  })

  test('goes to the chain and back', () => {
    assert.equal(toBytes32(lower), `0x${lower}`)
    assert.equal(fromBytes32(toBytes32(lower)), lower)
  })
})
