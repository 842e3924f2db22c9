import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodePact,
  encodePact,
  hashBody,
  hashPact,
  type JsonValue,
  type PactWire,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { samplePactWire } from '../support/pact.ts'
import { assertCode } from './code.ts'

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

describe('json', () => {
  test('[PCT-13] what is sent is what is hashed: no member of any input gets lost on the way', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const input = JSON.parse(JSON.stringify(value)) as JsonValue
        const wire: PactWire = { ...samplePactWire, input }
        const pact = decodePact(wire)
        assert.equal(hashPact(pact), hashBody(wire))
        assert.deepEqual(encodePact(pact), wire)
      }),
    )
  })

  test('a member called __proto__ is a member like any other', () => {
    const input = JSON.parse('{"__proto__":{"a":1},"b":2}') as JsonValue
    const wire = { ...samplePactWire, input }
    assert.equal(hashPact(decodePact(wire)), hashBody(wire))
    assert.notEqual(hashBody(wire), hashBody({ ...samplePactWire, input: { b: 2 } }))
  })

  test('nesting is refused with a code, never with a stack overflow', () => {
    const refused = { ...samplePactWire, input: nested(100_000) }
    assertCode(() => decodePact(refused), 'invalid_pact')
    decodePact({ ...samplePactWire, input: nested(60) })
  })

  test('what JSON cannot carry is refused', () => {
    for (const input of [undefined, Number.NaN, 1n, new Date(0), { a: undefined }, '\ud800']) {
      assertCode(() => decodePact({ ...samplePactWire, input }), 'invalid_pact')
    }
  })
})
