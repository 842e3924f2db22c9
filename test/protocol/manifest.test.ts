import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  artifactHash,
  canonicalText,
  decode,
  type ManifestFile,
  manifestOf,
  manifestSchema,
} from '@earnest/sdk/protocol'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

const vectors = readVector<{
  cases: {
    name: string
    files: ManifestFile[]
    manifest: ManifestFile[]
    canonical: string
    artifactHash: string
  }[]
  refused: { name: string; manifest: unknown; code: string }[]
}>('manifest.json')

describe('manifest', () => {
  for (const { name, files, manifest, canonical, ...vector } of vectors.cases) {
    test(`[W-1] ${name}: one order, one hash`, () => {
      assert.deepEqual(manifestOf(files), manifest)
      assert.deepEqual(manifestOf([...files].reverse()), manifest)
      assert.equal(canonicalText(manifest), canonical)
      assert.equal(artifactHash(manifest), vector.artifactHash)
    })
  }

  for (const name of [
    '../a',
    '/a',
    'a/../b',
    'a/..',
    './a',
    'a//b',
    'a\\b',
    '..',
    'a\0',
    'C:/a',
    '',
  ]) {
    test(`refuses ${JSON.stringify(name)}, which is no name inside a folder`, () => {
      const file = { name, mime: 'text/plain', size: 1, sha256: 'ab'.repeat(32) }
      assertCode(() => decode(manifestSchema, [file], 'invalid_manifest'), 'invalid_manifest')
    })
  }

  for (const { name, manifest, code } of vectors.refused) {
    test(`refuses ${name} with ${code}`, () => {
      assertCode(() => decode(manifestSchema, manifest, 'invalid_manifest'), code)
    })
  }

  test('a name twice cannot be sorted away', () => {
    const [file] = vectors.cases[0]?.files ?? []
    assert.ok(file)
    assertCode(() => manifestOf([file, file]), 'manifest_not_sorted')
  })
})
