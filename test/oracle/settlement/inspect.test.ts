import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createManualClock, isEarnestError } from '@earnest/sdk/protocol'
import { zipSync } from 'fflate'
import { type Blobs, createBlobs } from '../../../oracle/src/settlement/blob.ts'
import { createExamTime } from '../../../oracle/src/settlement/examTime.ts'
import { assertUsable } from '../../../oracle/src/settlement/inspect.ts'
import { createExaminer, type Examiner } from '../../../oracle/src/settlement/verify/examiner.ts'
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

  const clock = createManualClock(1_800_000_000)
  const examTime = (seconds: number) => createExamTime({ db: store.db, clock, seconds })
  const put = (bytes: Uint8Array) => blobs.put({ source: parts(bytes, 5000), maxBytes: 1e6, at: 1 })

  /** The fault by which a file is refused before it is filed; undefined where it is let in. */
  async function faultOf(
    mime: string,
    bytes: Uint8Array,
    { looking = examiner, reading = blobs, account = examTime(300).of('did:key:seller') } = {},
  ): Promise<unknown> {
    try {
      const blob = await put(bytes)
      const inspecting = { db: store.db, clock, blobs: reading, examiner: looking }
      await assertUsable(inspecting, { blob, name: 'file', mime, account })
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

  /** An examiner that nobody may ask. */
  const nobody: Examiner = {
    begin: () => Promise.reject(new Error('it was looked at')),
    close: async () => {},
  }
  const nearBomb = zipSync({ zeros: new Uint8Array(96 * 1024 * 1024) }, { level: 9 })
  const bookedOn = async (did: string) => {
    const rows = await store.db
      .selectFrom('exam_time')
      .select('milliseconds')
      .where('did', '=', did)
      .execute()
    return rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  }

  test('what was refused is refused again by its hash, without a look; declared otherwise it is looked at', async () => {
    const bytes = zip({ '../y': 'y' })
    assert.equal(await faultOf('application/zip', bytes), 'unsafe_archive')
    assert.equal(await faultOf('application/zip', bytes, { looking: nobody }), 'unsafe_archive')
    assert.match(String(await faultOf(docx, bytes, { looking: nobody })), /it was looked at/)
    // What was let in is no refusal, and an engine that judges otherwise looks anew.
    assert.equal(await faultOf('application/zip', zip({ y: 'y' })), undefined)
    await store.db.updateTable('refusal').set({ engine: 'earnest-verify/0' }).execute()
    assert.match(
      String(await faultOf('application/zip', bytes, { looking: nobody })),
      /it was looked at/,
    )
  })

  test('what the store gives back otherwise than it came is no refusal, and is let in once it can be read', async () => {
    for (const { mime, bytes } of [png(), json({ rows: [4, 5, 6] })]) {
      const broken = { ...blobs, read: () => parts(bytes.slice(0, -3), 5000) }
      const faulty = await faultOf(mime, bytes, { reading: broken })
      assert.equal(faulty, 'verification_interrupted')
      assert.equal(await faultOf(mime, bytes), undefined)
    }
  })

  test('whoever sends what only costs time runs out of it, over all oracles of a database, and nobody else does', async () => {
    const [here, there] = [examTime(0.2), examTime(0.2)]
    const bomber = 'did:key:bomber'
    // Other bytes each time, so that no refusal is remembered.
    let sent = 0
    const bomb = (of: typeof here) => {
      const bytes = Uint8Array.from([...nearBomb, ++sent])
      return faultOf('application/zip', bytes, { account: of.of(bomber) })
    }
    let fault: unknown
    for (let n = 0; n < 200 && fault !== 'examiner_budget_spent'; n++) fault = await bomb(here)
    assert.equal(fault, 'examiner_budget_spent')
    assert.ok((await bookedOn(bomber)) >= 200)
    assert.equal(await bomb(there), 'examiner_budget_spent')
    const account = there.of('did:key:honest')
    assert.equal(await faultOf('application/zip', zip({ a: 'a' }), { account }), undefined)
    // What was looked at before needs no time; the next hour has its own.
    assert.equal(
      await faultOf('application/zip', zip({ '../x': 'x' }), { account }),
      'unsafe_archive',
    )
    clock.set(clock.now() + 3600)
    assert.notEqual(await bomb(here), 'examiner_budget_spent')
  })

  test('one agent never has every thread, and the next of another is served before its own next', async () => {
    const two = createExaminer({ threads: 2 })
    const first = await two.begin({ owner: 'bomber' })
    const order: string[] = []
    const waits = ['bomber', 'bomber', 'bomber'].map(async (owner) => {
      const turn = await two.begin({ owner })
      order.push(owner)
      turn.end()
    })
    // The other thread is there at once, whatever the bomber still wants.
    const honest = await two.begin({ owner: 'honest' })
    const next = two.begin({ owner: 'other' }).then((turn) => {
      order.push('other')
      turn.end()
    })
    assert.deepEqual(order, [])
    first.end()
    await next
    honest.end()
    await Promise.all(waits)
    assert.equal(order[0], 'other')
    assert.deepEqual(order.slice(1), ['bomber', 'bomber', 'bomber'])
    await two.close()
  })

  test('a thread that was refused to an agent is another’s at once', async () => {
    const one = createExaminer({ threads: 1 })
    const account = examTime(0).of('did:key:spent')
    const refused = await faultOf('application/zip', zip({ b: 'b' }), { looking: one, account })
    assert.equal(refused, 'examiner_budget_spent')
    assert.equal(await faultOf('application/zip', zip({ b: 'b' }), { looking: one }), undefined)
    await one.close()
  })
})
