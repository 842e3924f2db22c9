import { createHash, randomUUID } from 'node:crypto'
import { EarnestError } from '@earnest/sdk/protocol'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import type { BlobStore } from './blobstore/blobstore.ts'
import { cut } from './blobstore/cut.ts'
import { createRowStore } from './blobstore/rows.ts'
import { CHUNK_SIZE, openChunk, openKey, SEALED_CHUNK_SIZE, sealChunk, sealKey } from './seal.ts'

/** Bytes kept under their SHA-256, sealed chunk by chunk. */
export type Blob = {
  id: string
  sha256: string
  size: number
  /** False: the same bytes were there before. */
  isNew: boolean
}

/** Every artifact, deposit and paper of this oracle: content-addressed, sealed, never whole in memory. */
export interface Blobs {
  /**
   * Stores a stream sealed under a key of its own; bytes that are there already are stored once, and a
   * broken stream leaves nothing behind.
   * @throws too_large, empty_artifact, upload_raced, blob_store_unreachable
   */
  put(upload: {
    source: AsyncIterable<Uint8Array>
    maxBytes: number
    /** Unix seconds. */
    at: number
  }): Promise<Blob>
  /** The blob of a content hash; undefined when nobody stored it. */
  find(sha256: string): Promise<Blob | undefined>
  /**
   * Reads a blob back, chunk by chunk.
   * @param most Bytes from its start; default: all of it.
   * @throws artifact_unknown, artifact_unreadable, blob_store_unreachable
   */
  read(id: string, most?: number): AsyncGenerator<Uint8Array>
  /** A whole blob in memory: for papers and deposits, whose size is bounded where they come in. */
  readWhole(id: string): Promise<Uint8Array>
  /** The first bytes of a blob in memory, `most` of them. */
  readStart(id: string, most: number): Promise<Uint8Array>
  /** Throws a blob away, unless an artifact, a deposit or a paper names it; true where it is gone. */
  drop(id: string): Promise<boolean>
}

/**
 * @param store Where new bytes go; without it they lie in rows, and what lies in rows is always found.
 */
export function createBlobs({
  db,
  masterKey,
  store = createRowStore(db),
}: {
  db: Db
  /** 32 bytes that seal the key of every blob. */
  masterKey: Uint8Array
  store?: BlobStore | undefined
}): Blobs {
  const rows = createRowStore(db)
  const storeOf = (kind: string): BlobStore => {
    const home = [store, rows].find((each) => each.kind === kind)
    if (home) return home
    throw new EarnestError('artifact_unreadable', `These bytes lie in ${kind}, which is not set`)
  }

  async function find(sha256: string): Promise<Blob | undefined> {
    const row = await db
      .selectFrom('blob')
      .select(['id', 'size'])
      .where('sha256', '=', sha256)
      .executeTakeFirst()
    return row && { id: row.id, sha256, size: row.size, isNew: false }
  }

  async function* read(id: string, most = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
    const [row] = await blobOf(db, { id })
    if (!row) throw new EarnestError('artifact_unknown', 'no such bytes')
    const key = openKey(masterKey, row.sealed_key)
    const wanted = Math.min(row.size, most)
    const chunks = Math.ceil(wanted / CHUNK_SIZE)
    // A chunk can be opened whole alone.
    const bytes = Math.min(row.size, chunks * CHUNK_SIZE)
    const range = { from: 0, to: bytes + chunks * (SEALED_CHUNK_SIZE - CHUNK_SIZE) }
    let n = 0
    for await (const sealed of cut(storeOf(row.home).read(id, range), SEALED_CHUNK_SIZE)) {
      yield openChunk(key, n, sealed).subarray(0, wanted - n * CHUNK_SIZE)
      n += 1
    }
  }

  /** Gone for finders at once, then from its home, then the row: whatever dies between is swept later. */
  async function drop(id: string): Promise<boolean> {
    const row = await db
      .updateTable('blob')
      .set({ sha256: null })
      .where('id', '=', id)
      .where((eb) =>
        eb.not(
          eb.or([
            eb.exists(eb.selectFrom('artifact').select('name').where('blob_id', '=', id)),
            eb.exists(eb.selectFrom('deposit').select('sha256').where('blob_id', '=', id)),
            eb.exists(eb.selectFrom('paper').select('sha256').where('blob_id', '=', id)),
          ]),
        ),
      )
      .returning('home')
      .executeTakeFirst()
    if (!row) return false
    await storeOf(row.home).drop(id)
    await db.deleteFrom('blob').where('id', '=', id).where('sha256', 'is', null).execute()
    return true
  }

  return {
    async put({ source, maxBytes, at }) {
      const id = randomUUID()
      const { key, sealed } = sealKey(masterKey)
      const digest = createHash('sha256')
      let size = 0
      async function* seal(): AsyncGenerator<Uint8Array> {
        let n = 0
        for await (const chunk of cut(source, CHUNK_SIZE)) {
          size += chunk.length
          if (size > maxBytes) {
            throw new EarnestError('too_large', `more than ${maxBytes} bytes`, {
              details: { limit: maxBytes },
            })
          }
          digest.update(chunk)
          yield sealChunk(key, n, chunk)
          n += 1
        }
        if (size === 0) throw new EarnestError('empty_artifact', 'an empty file is no delivery')
      }
      await db
        .insertInto('blob')
        .values({
          id,
          sha256: null,
          size: 0,
          sealed_key: sealed,
          created_at: at,
          home: store.kind,
        })
        .execute()
      try {
        await store.write(id, seal())
        const sha256 = digest.digest('hex')
        const { numUpdatedRows } = await db
          .updateTable('blob')
          .set({ sha256, size })
          .where('id', '=', id)
          .where((eb) =>
            eb.not(
              eb.exists(eb.selectFrom('blob as twin').select('id').where('sha256', '=', sha256)),
            ),
          )
          .executeTakeFirst()
        if (numUpdatedRows === 1n) return { id, sha256, size, isNew: true }
        const twin = await find(sha256)
        await drop(id)
        if (twin) return twin
        throw new EarnestError('upload_raced', 'upload again', { retryable: true })
      } catch (error) {
        // What cannot be dropped now is swept later; the first fault is the one that is told.
        await drop(id).catch(() => false)
        throw error
      }
    },
    find,
    read,
    readWhole: (id) => collect(read(id)),
    readStart: (id, most) => collect(read(id, most)),
    drop,
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of chunks) parts.push(part)
  return Buffer.concat(parts)
}

const blobOf = statement((db, { id }: { id: string }) =>
  db.selectFrom('blob').select(['sealed_key', 'size', 'home']).where('id', '=', id),
)
