import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  createIdentity,
  createManualClock,
  isEarnestError,
  type Manifest,
} from '@earnest/sdk/protocol'
import { type Blobs, createBlobs } from '../../../oracle/src/settlement/blob.ts'
import type { BlobStore } from '../../../oracle/src/settlement/blobstore/blobstore.ts'
import { createRowStore } from '../../../oracle/src/settlement/blobstore/rows.ts'
import { RETENTION, sweepBlobs } from '../../../oracle/src/settlement/retention.ts'
import { CHUNK_SIZE, SEALED_CHUNK_SIZE } from '../../../oracle/src/settlement/seal.ts'
import { createExaminer } from '../../../oracle/src/settlement/verify/examiner.ts'
import { verify } from '../../../oracle/src/settlement/verify/verify.ts'
import type { Store } from '../../../oracle/src/store/store.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { samplePact } from '../../support/pact.ts'
import { hashOf, stream } from './blobstore/contract.ts'

const refused = (code: string) => (error: unknown) => isEarnestError(error, code)
const masterKey = new Uint8Array(32).fill(1)

describe('blobs', () => {
  let store: Store
  let blobs: Blobs
  before(async () => {
    store = await openFreshStore()
    blobs = createBlobs({ db: store.db, masterKey })
  })
  after(() => store.close())

  const rows = async () => ({
    blobs: (await store.db.selectFrom('blob').select('id').execute()).length,
    chunks: (await store.db.selectFrom('blob_chunk').select('n').execute()).length,
  })

  test('the same bytes are stored once, under their hash', async () => {
    const first = await blobs.put({ source: stream(600_000), maxBytes: 1e6, at: 1 })
    const again = await blobs.put({ source: stream(600_000, 1000), maxBytes: 1e6, at: 1 })
    assert.deepEqual(again, { ...first, isNew: false })
    assert.deepEqual(await hashOf(blobs.read(first.id)), await hashOf(stream(600_000)))
    assert.equal(await blobs.drop(first.id), true)
    assert.deepEqual(await rows(), { blobs: 0, chunks: 0 })
  })

  test('[W-45] what is empty, too large or broken off leaves no row and no chunk', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* stream(700_000)
      throw new Error('gone')
    }
    const put = (source: AsyncIterable<Uint8Array>, maxBytes = 1e6) =>
      blobs.put({ source, maxBytes, at: 1 })
    await assert.rejects(put(stream(0)), refused('empty_artifact'))
    await assert.rejects(put(stream(600_001), 600_000), refused('too_large'))
    await assert.rejects(put(broken()), /gone/)
    assert.deepEqual(await rows(), { blobs: 0, chunks: 0 })
  })

  test('the start of a blob is read to the byte, and nothing behind its last chunk', async () => {
    const asked: { from: number; to: number }[] = []
    const home = createRowStore(store.db)
    const watched = createBlobs({
      db: store.db,
      masterKey,
      store: {
        ...home,
        read(id, range) {
          asked.push(range)
          return home.read(id, range)
        },
      },
    })
    const { id } = await watched.put({ source: stream(600_000), maxBytes: 1e6, at: 1 })
    const whole = await watched.readWhole(id)
    for (const most of [1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 599_999, 600_000, 1e9]) {
      const start = await watched.readStart(id, most)
      assert.deepEqual(Buffer.from(start), Buffer.from(whole.subarray(0, most)))
    }
    const chunks = asked.map(({ from, to }) => [from, Math.ceil(to / SEALED_CHUNK_SIZE)])
    assert.deepEqual(
      chunks,
      [3, 1, 1, 1, 2, 3, 3, 3].map((many) => [0, many]),
    )
    await watched.drop(id)
  })

  test('48 MiB go in, out, and through hash, type and size checks without more than a few chunks at once', async () => {
    const size = 48 * 1024 * 1024
    let made = 0
    let sent = 0
    let most = 0
    // Every part lies in one buffer that is filled anew: whoever kept a part would get another hash.
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const part of stream(size)) {
        made += part.length
        most = Math.max(most, made - sent)
        yield part
      }
    }
    const kept: Buffer[] = []
    const slow: BlobStore = {
      kind: 'disk',
      async write(_, source) {
        for await (const part of source) {
          // A home that takes its time: the source has to wait for it.
          await new Promise((resolve) => setImmediate(resolve))
          sent += part.length
          kept.push(Buffer.from(part))
        }
      },
      async *read() {
        yield* kept
      },
      drop: async () => {},
    }
    const { db } = store
    const large = createBlobs({ db, masterKey, store: slow })
    const { id, sha256 } = await large.put({ source: counted(), maxBytes: size, at: 1 })
    assert.equal(sha256, (await hashOf(stream(size)))[1])
    assert.ok(most < 1024 * 1024, `${most} bytes were held`)

    const mime = 'application/octet-stream'
    const manifest: Manifest = [{ name: 'data.bin', mime, size, sha256 }]
    const check = async (maxBytes: number) => {
      const examiner = createExaminer({ threads: 1 })
      const report = await verify({
        pact: samplePact({
          deliverableFormat: [mime],
          acceptance: [
            {
              id: 'size',
              description: 'x',
              weight: 1,
              verifier: { type: 'format', mime, minBytes: size, maxBytes },
            },
            {
              id: 'content',
              description: 'x',
              weight: 1,
              verifier: { type: 'path', file: 'data.bin', paths: ['/a'] },
            },
          ],
        }),
        escrowId: `0x${'00'.repeat(32)}`,
        round: 1,
        deliveredAt: 0,
        manifest,
        openFile: () => large.read(id),
        readDeposit: async () => null,
        examiner,
      })
      await examiner.close()
      return report.findings.map(({ id: name, code }) => `${name}: ${code}`)
    }
    const same = ['artifact: met', 'deadline: met', `format:${mime}: met`]
    assert.deepEqual(await check(size), [...same, 'size: met', 'content: content_too_large'])
    assert.equal((await check(size - 1)).includes('size: file_too_large'), true)
    await large.drop(id)
  })

  test('bytes whose home is not set, or whose key is another, are unreadable and never guessed', async () => {
    const { db } = store
    const blob = await blobs.put({ source: stream(1000), maxBytes: 1e6, at: 1 })
    const other = createBlobs({ db, masterKey: new Uint8Array(32).fill(2) })
    await assert.rejects(other.readWhole(blob.id), refused('artifact_unreadable'))
    await db.updateTable('blob').set({ home: 's3' }).where('id', '=', blob.id).execute()
    await assert.rejects(blobs.readWhole(blob.id), refused('artifact_unreadable'))
    await db.updateTable('blob').set({ home: 'rows' }).where('id', '=', blob.id).execute()
    await blobs.drop(blob.id)
  })

  test('a bit that turned at rest, or two chunks that changed places, are found', async () => {
    const { db } = store
    const blob = await blobs.put({ source: stream(700_000), maxBytes: 1e6, at: 1 })
    const chunk = (n: number) =>
      db.selectFrom('blob_chunk').selectAll().where('n', '=', n).executeTakeFirstOrThrow()
    const set = (n: number, data: Uint8Array) =>
      db.updateTable('blob_chunk').set({ data }).where('n', '=', n).execute()
    const [first, second] = [await chunk(0), await chunk(1)]
    await set(0, second.data)
    await set(1, first.data)
    await assert.rejects(blobs.readWhole(blob.id), refused('artifact_unreadable'))
    await set(1, second.data)
    await set(
      0,
      first.data.map((byte, at) => (at === 99 ? byte ^ 1 : byte)),
    )
    await assert.rejects(blobs.readWhole(blob.id), refused('artifact_unreadable'))
    await blobs.drop(blob.id)
  })
})

describe('retention', () => {
  test('files are kept past the longest dispute after the end, then they go; uploads of nobody go after a day', async () => {
    const store = await openFreshStore()
    const { db } = store
    const clock = createManualClock(1_800_000_000)
    const signer = createIdentity({ secretKey: new Uint8Array(32).fill(3) })
    const blobs = createBlobs({ db, masterKey, store: createRowStore(db) })
    const put = (size: number) =>
      blobs.put({ source: stream(size), maxBytes: 1e6, at: clock.now() })
    const end = clock.now()
    const pactId = 'aa'.repeat(32)
    const escrowId = `0x${'bb'.repeat(32)}`
    await db
      .insertInto('pact')
      .values({
        pact_id: pactId,
        buyer_did: 'b',
        seller_did: 's',
        capability: 'c',
        nonce: 'n',
        subjective: false,
        signed_pact: '{}',
        registered_at: end,
        cancelled_at: null,
      })
      .execute()
    const lock = { escrow_id: escrowId, pact_id: pactId, milestone: 0, amount: '1', terms: '{}' }
    await db
      .insertInto('lock')
      .values({ ...lock, fund_by: end })
      .execute()
    const file = await put(10)
    const deposit = await put(20)
    await db
      .insertInto('artifact')
      .values({
        escrow_id: escrowId,
        name: 'a',
        sha256: file.sha256,
        size: 10,
        blob_id: file.id,
        uploaded_by: 's',
        uploaded_at: end,
      })
      .execute()
    await db
      .insertInto('deposit')
      .values({ pact_id: pactId, sha256: deposit.sha256, blob_id: deposit.id })
      .execute()
    await put(30)
    const sweep = () => sweepBlobs({ db, signer, clock, blobs })
    assert.equal(await sweep(), 0)
    clock.set(end + 86_401)
    assert.equal(await sweep(), 1)
    clock.set(end + RETENTION)
    assert.equal(await sweep(), 0)
    assert.equal((await blobs.readWhole(file.id)).length, 10)
    clock.set(end + RETENTION + 1)
    assert.equal(await sweep(), 2)
    await assert.rejects(blobs.readWhole(file.id), refused('artifact_unknown'))
    const { data } = await db
      .selectFrom('journal')
      .select('data')
      .where('action', '=', 'files_forgotten')
      .executeTakeFirstOrThrow()
    assert.deepEqual(JSON.parse(data), { sha256: [file.sha256] })
    await store.close()
  })
})
