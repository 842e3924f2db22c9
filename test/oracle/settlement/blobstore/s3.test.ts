import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import { createBlobs } from '../../../../oracle/src/settlement/blob.ts'
import { createS3Store, PART_SIZE } from '../../../../oracle/src/settlement/blobstore/s3.ts'
import { openFreshStore } from '../../../../scripts/local/store.ts'
import { hashOf, stream } from './contract.ts'
import { bucket, credentials, region, type S3Server, startS3 } from './s3server.ts'

const refused = (code: string) => (error: unknown) => isEarnestError(error, code)

describe('S3', () => {
  let server: S3Server
  const location = () => ({ bucket, region, prefix: '', endpoint: server.url, ...credentials })
  const open = (changes: object = {}, timeoutMs = 60_000) =>
    createS3Store({ ...location(), ...changes }, { timeoutMs, retryMs: 1 })

  before(async () => {
    server = await startS3()
  })
  beforeEach(() => {
    server.objects.clear()
    server.uploads.clear()
    server.seen.length = 0
  })
  after(() => server.close())

  test('another secret, key or region is refused once, and not tried again', async () => {
    for (const changes of [
      { secretAccessKey: 'another' },
      { accessKeyId: 'NOBODY' },
      { region: 'mars-1' },
      { bucket: 'other' },
    ]) {
      server.seen.length = 0
      await assert.rejects(open(changes).write('a', stream(10)), refused('blob_store_refused'))
      assert.equal(server.seen.length, 1)
    }
  })

  test('keys with every kind of character are signed as they are sent', async () => {
    const store = open({ prefix: "a b/é+(x)!'*/~_-./" })
    await store.write('id', stream(10))
    assert.deepEqual(await hashOf(store.read('id', { from: 0, to: 10 })), await hashOf(stream(10)))
    await store.drop('id')
    assert.equal(server.objects.size, 0)
  })

  test('a server that is slow to recover is asked again, with the same bytes', async () => {
    for (const status of [500, 503, 429]) {
      server.fail('PUT', { status, left: 3 })
      await open().write('a', stream(1000))
      server.fail('GET', { status, left: 2 })
      assert.deepEqual(
        await hashOf(open().read('a', { from: 0, to: 1000 })),
        await hashOf(stream(1000)),
      )
    }
  })

  test('a server that hangs is given up for that time, and tried again', async () => {
    server.fail('PUT', { hangMs: 3_000, left: 1 })
    await open({}, 1_000).write('a', stream(1000))
    assert.equal(server.objects.get('a')?.length, 1000)
  })

  test('one that never recovers is unreachable, which may be tried later, and nothing is left', async () => {
    server.fail('PUT', { status: 500, left: 1000 })
    const unreachable = (error: unknown) =>
      isEarnestError(error, 'blob_store_unreachable') && error.retryable
    await assert.rejects(open().write('a', stream(10)), unreachable)
    await assert.rejects(open().write('b', stream(PART_SIZE * 2)), unreachable)
    server.fail('PUT', { status: 500, left: 0 })
    assert.deepEqual([server.objects.size, server.uploads.size], [0, 0])
  })

  test('an answer that breaks off is read on where it broke', async () => {
    await open().write('a', stream(500_000))
    server.seen.length = 0
    server.fail('GET', { cutAfter: 70_000, left: 0 })
    assert.deepEqual(
      await hashOf(open().read('a', { from: 0, to: 500_000 })),
      await hashOf(stream(500_000)),
    )
    assert.equal(server.seen.length, 2)
  })

  test('large objects go up in parts of 8 MiB, no more than one at a time', async () => {
    await open().write('a', stream(PART_SIZE * 2 + 5))
    assert.deepEqual(
      server.seen.map((line) => line.replace(/uploadId=.*/, 'uploadId')),
      [
        'POST /artifacts/a?uploads=',
        'PUT /artifacts/a?partNumber=1&uploadId',
        'PUT /artifacts/a?partNumber=2&uploadId',
        'PUT /artifacts/a?partNumber=3&uploadId',
        'POST /artifacts/a?uploadId',
      ],
    )
    assert.equal(server.objects.get('a')?.length, PART_SIZE * 2 + 5)
  })

  test('what a dead process left half sent goes when its object is dropped', async () => {
    server.uploads.set('left', { key: 'a', parts: new Map([[1, Buffer.alloc(10)]]) })
    server.uploads.set('other', { key: 'b', parts: new Map() })
    await open().drop('a')
    assert.deepEqual([...server.uploads.keys()], ['other'])
  })

  test('[DRV-18] no plain byte leaves for the bucket', async () => {
    const { db, close } = await openFreshStore()
    const blobs = createBlobs({ db, masterKey: new Uint8Array(32).fill(1), store: open() })
    const secret = 'a secret sentence that must not be seen '
    const source = (async function* () {
      for (let n = 0; n < 10_000; n++) yield Buffer.from(secret)
    })()
    const blob = await blobs.put({ source, maxBytes: 1e9, at: 1 })
    const stored = Buffer.concat([...server.objects.values()])
    assert.ok(stored.length > 400_000)
    assert.equal(stored.includes('secret'), false)
    assert.equal((await blobs.readWhole(blob.id)).length, secret.length * 10_000)
    await close()
  })
})
