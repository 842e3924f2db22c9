import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Node, nodesOf, sources } from './sources.ts'

/** Where clocks are read: the processes, and the browser beside the time that the oracle gave it. */
const edges = ['oracle/src/main.ts', 'oracle/src/pages/client/now.ts', 'sdk/src/cli/main.ts']

const domain = () => sources('sdk/src', 'oracle/src').filter((file) => !edges.includes(file))

const isName = (value: unknown, name: string) =>
  (value as Node | undefined)?.type === 'Identifier' && (value as Node).name === name

/** What a node reads that only the edge of the system may read; undefined for the others. */
function reads(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const property = (node.property as Node).name
    if (isName(node.object, 'Date') && property === 'now') return 'Date.now'
    if (isName(node.object, 'performance') && property === 'now') return 'performance.now'
    if (isName(node.object, 'Math') && property === 'random') return 'Math.random'
    if (isName(node.object, 'process') && property === 'env') return 'process.env'
  }
  const bare = Array.isArray(node.arguments) && node.arguments.length === 0
  if (node.type === 'NewExpression' && isName(node.callee, 'Date') && bare) return 'new Date()'
  if (node.type === 'CallExpression' && isName(node.callee, 'Date')) return 'Date()'
  return undefined
}

const readsOf = (file: string) => nodesOf(file).map(reads).filter(Boolean)

describe('clock', () => {
  test('[DRV-05] domain code reads no clock, no chance and no environment of its own', () => {
    const found = domain().flatMap((file) => readsOf(file).map((what) => `${file}: ${what}`))
    assert.deepEqual(found, [])
  })

  test('each of them is seen where it stands', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'earnest-')), 'sample.ts')
    writeFileSync(
      file,
      'export const all = () => [Date.now(), performance.now(), Math.random(), process.env.A, new Date(), Date(), new Date(0)]\n',
    )
    assert.deepEqual(readsOf(file).sort(), [
      'Date()',
      'Date.now',
      'Math.random',
      'new Date()',
      'performance.now',
      'process.env',
    ])
  })
})
