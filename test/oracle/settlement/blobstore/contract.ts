import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import type { BlobStore } from '../../../../oracle/src/settlement/blobstore/blobstore.ts'

const refused = (code: string) => (error: unknown) => isEarnestError(error, code)

/** Bytes that differ at every place, in parts that all lie in one buffer. */
export async function* stream(size: number, part = 100_000): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(part)
  for (let at = 0; at < size; at += part) {
    const length = Math.min(part, size - at)
    for (let n = 0; n < length; n += 4) shared.writeUInt32LE(at + n, Math.min(n, part - 4))
    yield shared.subarray(0, length)
  }
}

export async function hashOf(source: AsyncIterable<Uint8Array>): Promise<[number, string]> {
  const digest = createHash('sha256')
  let size = 0
  for await (const part of source) {
    digest.update(part)
    size += part.length
  }
  return [size, digest.digest('hex')]
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield* stream(9_000_000)
  throw new Error('the line went dead')
}

/** What every blob store has to do, whatever it is made of. */
export function describeBlobStore(
  name: string,
  open: () => Promise<{
    store: BlobStore
    /** Makes room for an object, where that has to be said before. */
    admit?: (id: string) => Promise<void>
    /** How many objects, whole or not, it holds. */
    held: () => Promise<number>
    close: () => Promise<void>
  }>,
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>
    let store: BlobStore
    before(async () => {
      opened = await open()
      store = opened.store
    })
    after(() => opened.close())

    async function written(source: AsyncIterable<Uint8Array>): Promise<string> {
      const id = randomUUID()
      await opened.admit?.(id)
      await store.write(id, source)
      return id
    }

    for (const size of [1, 100_000, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1, 20_000_000]) {
      test(`${size} bytes come back as they went in`, async () => {
        const id = await written(stream(size))
        assert.deepEqual(
          await hashOf(store.read(id, { from: 0, to: size })),
          await hashOf(stream(size)),
        )
        await store.drop(id)
      })
    }

    test('any range is read, at any boundary', async () => {
      const size = 600_000
      const whole = await bytesOf(stream(size))
      const id = await written(stream(size))
      for (const [from, to] of [
        [0, 1],
        [262_159, 262_161],
        [262_160, 524_320],
        [599_999, 600_000],
        [17, 600_000],
        [5, 5],
      ] as const) {
        const got = await bytesOf(store.read(id, { from, to }))
        assert.ok(got.equals(whole.subarray(from, to)), `${from}-${to}`)
      }
      await store.drop(id)
    })

    test('more than is there, or what never was, is unreadable', async () => {
      const id = await written(stream(10))
      const unreadable = refused('artifact_unreadable')
      await assert.rejects(bytesOf(store.read(id, { from: 0, to: 11 })), unreadable)
      await assert.rejects(bytesOf(store.read(id, { from: 11, to: 12 })), unreadable)
      await store.drop(id)
      await assert.rejects(bytesOf(store.read(id, { from: 0, to: 10 })), unreadable)
      await assert.rejects(bytesOf(store.read(randomUUID(), { from: 0, to: 1 })), unreadable)
    })

    test('a source that breaks leaves nothing behind', async () => {
      await assert.rejects(written(broken()), /the line went dead/)
      assert.equal(await opened.held(), 0)
    })

    test('dropping twice, or what is not there, is no error', async () => {
      const id = await written(stream(5))
      await store.drop(id)
      await store.drop(id)
      await store.drop(randomUUID())
      assert.equal(await opened.held(), 0)
    })

    test('many at once do not mix', async () => {
      const sizes = [70_000, 300_001, 262_144, 9_000_000]
      const ids = await Promise.all(sizes.map((size) => written(stream(size))))
      for (const [index, id] of ids.entries()) {
        const size = sizes[index] ?? 0
        assert.deepEqual(
          await hashOf(store.read(id, { from: 0, to: size })),
          await hashOf(stream(size)),
        )
        await store.drop(id)
      }
      assert.equal(await opened.held(), 0)
    })
  })
}
