import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { verifierSchema } from '@earnest/sdk/protocol'
import { readVector } from './vector.ts'

const text = readFileSync('docs/protocol.md', 'utf8')

describe('docs/protocol.md', () => {
  test('names the code of every refused pact', () => {
    const { refused } = readVector<{ refused: { code: string }[] }>('pact.json')
    for (const code of new Set(refused.map((each) => each.code))) {
      assert.ok(text.includes(`\`${code}\``), code)
    }
  })

  test('names every verifier', () => {
    const types = verifierSchema.options.flatMap((option) => [...option.shape.type.values])
    assert.equal(types.length, 7)
    for (const type of types) assert.ok(text.includes(`| \`${type}\``), type)
  })
})
