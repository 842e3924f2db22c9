import { createHash, randomUUID } from 'node:crypto'
import { EarnestError } from '@earnest/sdk/protocol'
import type { Db, Tx } from '../store/store.ts'
import { CHUNK_SIZE, openChunk, openKey, sealChunk, sealKey } from './seal.ts'

/** Bytes kept under their SHA-256, sealed chunk by chunk. */
export type Blob = {
  id: string
  sha256: string
  size: number
  /** False: the same bytes were there before. */
  isNew: boolean
}

/**
 * Stores a stream sealed under a key of its own; bytes that are there already are stored once.
 * A broken stream leaves nothing behind.
 * @throws too_large, empty_artifact
 */
export async function putBlob({
  db,
  masterKey,
  source,
  maxBytes,
  at,
}: {
  db: Db
  masterKey: Uint8Array
  source: AsyncIterable<Uint8Array>
  maxBytes: number
  at: number
}): Promise<Blob> {
  const id = randomUUID()
  const { key, sealed } = sealKey(masterKey)
  await db
    .insertInto('blob')
    .values({ id, sha256: null, size: 0, sealed_key: sealed, created_at: at })
    .execute()
  try {
    const digest = createHash('sha256')
    let size = 0
    let n = 0
    for await (const chunk of chunked(source)) {
      size += chunk.length
      if (size > maxBytes) {
        throw new EarnestError('too_large', `more than ${maxBytes} bytes`, {
          details: { limit: maxBytes },
        })
      }
      digest.update(chunk)
      await db
        .insertInto('blob_chunk')
        .values({ blob_id: id, n, data: sealChunk(key, n, chunk) })
        .execute()
      n += 1
    }
    if (size === 0) throw new EarnestError('empty_artifact', 'an empty file is no delivery')
    const sha256 = digest.digest('hex')
    const { numUpdatedRows } = await db
      .updateTable('blob')
      .set({ sha256, size })
      .where('id', '=', id)
      .where((eb) =>
        eb.not(eb.exists(eb.selectFrom('blob as twin').select('id').where('sha256', '=', sha256))),
      )
      .executeTakeFirst()
    if (numUpdatedRows === 1n) return { id, sha256, size, isNew: true }
    await db.deleteFrom('blob').where('id', '=', id).execute()
    const twin = await findBlob(db, sha256)
    if (twin) return twin
    throw new EarnestError('upload_raced', 'upload again', { retryable: true })
  } catch (error) {
    await db.deleteFrom('blob').where('id', '=', id).execute()
    throw error
  }
}

/** The blob of a content hash; undefined when nobody stored it. */
export async function findBlob(db: Db | Tx, sha256: string): Promise<Blob | undefined> {
  const row = await db
    .selectFrom('blob')
    .select(['id', 'size'])
    .where('sha256', '=', sha256)
    .executeTakeFirst()
  return row && { id: row.id, sha256, size: row.size, isNew: false }
}

/**
 * Reads a blob back, chunk by chunk.
 * @throws artifact_unknown, artifact_unreadable
 */
export async function* readBlob({
  db,
  masterKey,
  id,
}: {
  db: Db
  masterKey: Uint8Array
  id: string
}): AsyncGenerator<Uint8Array> {
  const row = await db
    .selectFrom('blob')
    .select(['sealed_key', 'size'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new EarnestError('artifact_unknown', 'no such bytes')
  const key = openKey(masterKey, row.sealed_key)
  for (let n = 0; n * CHUNK_SIZE < row.size; n += 1) {
    const chunk = await db
      .selectFrom('blob_chunk')
      .select('data')
      .where('blob_id', '=', id)
      .where('n', '=', n)
      .executeTakeFirst()
    if (!chunk) throw new EarnestError('artifact_unreadable', `chunk ${n} is missing`)
    yield openChunk(key, n, chunk.data)
  }
}

/** Cuts any stream into chunks of one size; the last may be shorter. */
async function* chunked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const part of source) {
    let rest = part
    while (held + rest.length >= CHUNK_SIZE) {
      const taken = rest.subarray(0, CHUNK_SIZE - held)
      yield Buffer.concat([...parts, taken])
      rest = rest.subarray(taken.length)
      parts = []
      held = 0
    }
    if (rest.length > 0) {
      parts.push(rest)
      held += rest.length
    }
  }
  if (held > 0) yield Buffer.concat(parts)
}
