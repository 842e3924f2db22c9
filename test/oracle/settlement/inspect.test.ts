import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import { zipSync } from 'fflate'
import { type Blobs, createBlobs } from '../../../oracle/src/settlement/blob.ts'
import { assertUsable } from '../../../oracle/src/settlement/inspect.ts'
import { createExaminer } from '../../../oracle/src/settlement/verify/examiner.ts'
import type { Store } from '../../../oracle/src/store/store.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { json, parts, pdf, png, textFile, wav } from './verify/files.ts'

const zip = (files: Record<string, string>) =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]),
    ),
  )
const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const word = { '[Content_Types].xml': '<Types/>', 'word/document.xml': '<w:document/>' }

describe('inspect', () => {
  let store: Store
  let blobs: Blobs
  const examiner = createExaminer({ threads: 1 })
  before(async () => {
    store = await openFreshStore()
    blobs = createBlobs({ db: store.db, masterKey: new Uint8Array(32).fill(1) })
  })
  after(async () => {
    await examiner.close()
    await store.close()
  })

  /** The fault by which a file is refused before it is filed; undefined where it is let in. */
  async function faultOf(mime: string, bytes: Uint8Array): Promise<unknown> {
    try {
      const blob = await blobs.put({ source: parts(bytes, 5000), maxBytes: 1e6, at: 1 })
      await assertUsable({ blobs, examiner }, { blob, name: 'file', mime })
    } catch (error) {
      if (isEarnestError(error, 'artifact_unusable')) return error.details.fault
      return isEarnestError(error) ? error.code : error
    }
    return undefined
  }

  const artifacts: [string, { mime: string; bytes: Uint8Array }][] = [
    ['structured data', json({ rows: [1, 2, 3] })],
    ['lines of data', textFile('{"a":1}\n{"a":2}\n', 'application/x-ndjson')],
    ['a table', textFile('year,revenue\n2026,"120.5"\n', 'text/csv')],
    ['an image', png()],
    ['audio', wav()],
    ['a document', pdf()],
    ['an office document', { mime: docx, bytes: zip(word) }],
    ['an archive', { mime: 'application/zip', bytes: zip({ 'a.txt': 'hello' }) }],
  ]
  for (const [name, { mime, bytes }] of artifacts) {
    test(`[TOL-02] ${name} is let in; empty, cut short, of zeros or as another type it is refused`, async () => {
      assert.equal(await faultOf(mime, bytes), undefined)
      assert.equal(await faultOf(mime, new Uint8Array(0)), 'empty_artifact')
      assert.equal(
        await faultOf(mime, bytes.slice(0, Math.ceil(bytes.length * 0.6))),
        'wrong_format',
      )
      assert.equal(await faultOf(mime, new Uint8Array(500)), 'empty_content')
      const other = mime === 'image/png' ? 'application/pdf' : 'image/png'
      assert.equal(await faultOf(other, bytes), 'wrong_format')
    })
  }

  test('what would harm its reader is refused by name, what nobody can tell is let in', async () => {
    const bomb = zipSync({ zeros: new Uint8Array(96 * 1024 * 1024) }, { level: 9 })
    assert.equal(await faultOf('application/zip', bomb), 'archive_bomb')
    assert.equal(await faultOf('application/zip', zip({ '../x': 'x' })), 'unsafe_archive')
    assert.equal(await faultOf('application/x-unheard-of', Uint8Array.of(1, 2, 3)), undefined)
    assert.equal(await faultOf('application/octet-stream', Uint8Array.of(1, 2, 3)), undefined)
  })
})
