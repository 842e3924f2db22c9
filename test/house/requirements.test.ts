import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { rowsNamedIn, rowsOf } from '../../scripts/coverage/rows.ts'

const document = readFileSync('docs/requirements.md', 'utf8')
const rows = rowsOf(document)

describe('requirements', () => {
  test('each group has as many rows, numbered without a gap, as its table says', () => {
    const table = [...document.matchAll(/^\| ([A-Z]{3}) \| .* \| (\d+) \|$/gm)]
    const expected = table.flatMap(([, group, count]) =>
      Array.from({ length: Number(count) }, (_, n) => `${group}-${String(n + 1).padStart(2, '0')}`),
    )
    assert.equal(expected.length, 317)
    assert.deepEqual(
      rows.filter((id) => !id.startsWith('W-')),
      expected,
    )
  })

  test('every resolved contradiction from W-1 to W-51 stands there once', () => {
    const expected = Array.from({ length: 51 }, (_, n) => `W-${n + 1}`)
    expected.splice(4, 0, 'W-4b')
    assert.deepEqual(
      rows.filter((id) => id.startsWith('W-')),
      expected,
    )
  })

  test('titles name rows in brackets, Solidity functions by suffix', () => {
    assert.deepEqual(rowsNamedIn('[ESC-03][W-4b] refunds'), ['ESC-03', 'W-4b'])
    assert.deepEqual(rowsNamedIn('test_reverts_exactlyAtDeliverBy_ESC_03_W_4b'), ['ESC-03', 'W-4b'])
    assert.deepEqual(rowsNamedIn('test_ESC_031 and ESC-03'), [])
  })
})
