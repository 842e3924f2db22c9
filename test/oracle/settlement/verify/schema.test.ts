import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PactWire } from '@earnest/sdk/protocol'
import { DEFAULT_BUDGET } from '../../../../oracle/src/settlement/verify/examiner.ts'
import { json, textFile } from './files.ts'
import { analysis, check, checkOf, goodFiles } from './setup.ts'

const bySchema = (
  schema: Record<string, unknown>,
  value: unknown = analysis,
  budget = DEFAULT_BUDGET,
) => {
  const acceptance = [
    {
      id: 'schema',
      description: 'x',
      weight: 1,
      verifier: { type: 'schema' as const, file: 'result.json', schema },
    },
  ] as PactWire['acceptance']
  const files = { ...goodFiles, 'result.json': json(value) }
  return check({ pact: { acceptance }, files, budget })
}

const threeScenarios = {
  type: 'object',
  required: ['scenarios'],
  properties: {
    scenarios: {
      type: 'object',
      required: ['base', 'bull', 'bear'],
      additionalProperties: { type: 'object', required: ['growth'] },
    },
  },
}

describe('schema', () => {
  test('[SET-07] what meets the schema passes', async () => {
    assert.equal((await bySchema(threeScenarios)).result, 'PASS')
  })

  test('[SET-07] every place that does not is named', async () => {
    const report = await bySchema(threeScenarios, { scenarios: { base: {}, bull: { growth: 1 } } })
    assert.deepEqual(checkOf(report, 'schema').missing.sort(), [
      '/scenarios/base/growth (required)',
      '/scenarios/bear (required)',
    ])
    assert.equal(report.result, 'FAIL')
  })

  test('a schema that is none, or that lies elsewhere, decides nothing', async () => {
    for (const schema of [
      { type: 'nonsense' },
      { $ref: 'https://example.com/schema.json' },
      { pattern: '(' },
      { $ref: '#/$defs/none' },
      { $id: 'https://example.com/a', type: 'object' },
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      { $async: true, type: 'string' },
    ]) {
      const report = await bySchema(schema)
      assert.deepEqual(
        [report.result, checkOf(report, 'schema').code],
        ['UNDECIDED', 'schema_unusable'],
      )
    }
  })

  test('a pattern made to backtrack ends after its steps and decides nothing', async () => {
    const schema = { properties: { name: { pattern: '^(a+)+$' } } }
    const report = await bySchema(schema, { name: `${'a'.repeat(40)}b` })
    assert.deepEqual(
      [report.result, checkOf(report, 'schema').code],
      ['UNDECIDED', 'schema_exhausted'],
    )
  })

  test('more texts than anybody reads end it too', async () => {
    const schema = { properties: { list: { items: { pattern: '^a' } } } }
    const budget = { ...DEFAULT_BUDGET, fuel: 5_000_000 }
    const report = await bySchema(schema, { list: new Array(20_001).fill('a') }, budget)
    assert.deepEqual(
      [report.result, checkOf(report, 'schema').code],
      ['UNDECIDED', 'schema_exhausted'],
    )
  })

  test('[SET-08] more work than fits, or more values than memory, decides nothing, on any machine', async () => {
    const schema = {
      properties: { list: { items: { enum: new Array(2000).fill(0).map(String) } } },
    }
    const long = await bySchema(schema, { list: new Array(60_000).fill('1999') })
    assert.equal(checkOf(long, 'schema').code, 'schema_exhausted')
    const many = await bySchema({ type: 'object' }, { list: new Array(1_000_001).fill([]) })
    assert.equal(checkOf(many, 'schema').code, 'content_too_large')
    assert.equal(many.result, 'UNDECIDED')
  })

  test('of very many faults the first is named', async () => {
    const schema = { properties: { list: { items: { type: 'string', minLength: 2 } } } }
    const report = await bySchema(schema, { list: new Array(300_000).fill(1) })
    assert.deepEqual(checkOf(report, 'schema').missing, ['/list/0 (type)'])
  })

  test('a schema that multiplies or goes in circles decides nothing', async () => {
    const circle = { $defs: { a: { properties: { x: { $ref: '#/$defs/a' } } } }, $ref: '#/$defs/a' }
    const doubling: Record<string, unknown> = { d0: { type: 'object' } }
    for (let n = 1; n <= 20; n++) {
      doubling[`d${n}`] = { anyOf: [{ $ref: `#/$defs/d${n - 1}` }, { $ref: `#/$defs/d${n - 1}` }] }
    }
    for (const schema of [circle, { $defs: doubling, $ref: '#/$defs/d20' }]) {
      assert.equal(checkOf(await bySchema(schema), 'schema').code, 'schema_unusable')
    }
  })

  test('references inside the schema are followed', async () => {
    const schema = {
      $defs: { scenario: { type: 'object', required: ['growth'] } },
      properties: { scenarios: { additionalProperties: { $ref: '#/$defs/scenario' } } },
    }
    assert.equal((await bySchema(schema)).result, 'PASS')
    const bent = { scenarios: { base: {} } }
    assert.deepEqual(checkOf(await bySchema(schema, bent), 'schema').missing, [
      '/scenarios/base/growth (required)',
    ])
  })

  test('unique items are told apart by value, in time that grows with their number', async () => {
    const schema = { properties: { list: { uniqueItems: true } } }
    const items = Array.from({ length: 100_000 }, (_, index) => ({ index }))
    assert.equal((await bySchema(schema, { list: items })).result, 'PASS')
    const twice = [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]
    assert.equal((await bySchema(schema, { list: twice })).result, 'FAIL')
  })

  test('patterns still match as they should', async () => {
    const schema = { properties: { name: { pattern: '^[A-Z]{2}\\d$' } }, required: ['name'] }
    assert.equal((await bySchema(schema, { name: 'AB1' })).result, 'PASS')
    assert.equal((await bySchema(schema, { name: 'ab1' })).result, 'FAIL')
  })

  test('a missing file and a file that is no JSON are named', async () => {
    const verifier = { type: 'schema' as const, file: 'other.json', schema: {} }
    const acceptance = [{ id: 'schema', description: 'x', weight: 1, verifier }]
    const missing = await check({ pact: { acceptance } })
    assert.equal(checkOf(missing, 'schema').code, 'file_missing')
    const files = { ...goodFiles, 'other.json': textFile('{', 'text/plain') }
    assert.equal(checkOf(await check({ pact: { acceptance }, files }), 'schema').code, 'not_json')
  })
})
