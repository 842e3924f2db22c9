import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalBytes, canonicalText, hashBody, hashBytes } from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { assertCode } from './code.ts'
import { fromHex, readVector } from './vector.ts'

const vectors = readVector<{
  numbers: { ieee754: string; canonical: string | null }[]
  cases: { name: string; json: string; canonical: string; sha256: string }[]
  refused: { name: string; json: string }[]
}>('jcs.json')

describe('canonical', () => {
  for (const { ieee754, canonical } of vectors.numbers) {
    test(`RFC 8785 appendix B: ${ieee754} is ${canonical ?? 'refused'}`, () => {
      const value = new DataView(fromHex(ieee754).buffer).getFloat64(0)
      if (canonical === null) assertCode(() => canonicalText(value), 'not_canonical')
      else assert.equal(canonicalText(value), canonical)
    })
  }

  for (const { name, json, canonical, sha256 } of vectors.cases) {
    test(`${name}`, () => {
      const value: unknown = JSON.parse(json)
      assert.equal(canonicalText(value), canonical)
      assert.equal(hashBody(value), sha256)
      assert.equal(hashBytes(new TextEncoder().encode(canonical)), sha256)
    })
  }

  for (const { name, json } of vectors.refused) {
    test(`refuses ${name}`, () => {
      assertCode(() => canonicalBytes(JSON.parse(json)), 'not_canonical')
    })
  }

  const vanishing: [string, unknown][] = [
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['an undefined item', [undefined]],
    ['a hole in a list', new Array(1)],
    ['NaN', { a: Number.NaN }],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a bigint', { a: 1n }],
    ['a function', { a: () => 1 }],
    ['a symbol', { a: Symbol('a') }],
    ['a date', { a: new Date(0) }],
    ['a map', new Map([['a', 1]])],
    ['bytes', new Uint8Array(2)],
  ]
  for (const [name, value] of vanishing) {
    test(`[W-1] ${name} is refused, never dropped`, () => {
      assertCode(() => canonicalText(value), 'not_canonical')
    })
  }

  test('refuses nesting without end instead of a stack overflow', () => {
    const loop: Record<string, unknown> = {}
    loop.loop = loop
    assertCode(() => canonicalText(loop), 'not_canonical')
  })

  test('[W-1][PCT-13] any order of members and any whitespace give the same bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(8), (value, indent) => {
        const json = JSON.stringify(shuffled(value), null, indent)
        assert.equal(
          canonicalText(JSON.parse(json)),
          canonicalText(JSON.parse(JSON.stringify(value))),
        )
      }),
    )
  })

  test('[W-1] canonical text parses back to the same value and is its own canonical form', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalText(JSON.parse(JSON.stringify(value)))
        assert.equal(canonicalText(JSON.parse(text)), text)
      }),
    )
  })
})

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).reverse()
  return Object.fromEntries(members.map(([name, item]) => [name, shuffled(item)]))
}
