import { EarnestError } from '@earnest/sdk/protocol'
import { statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import { SEALED_CHUNK_SIZE } from '../seal.ts'
import type { BlobStore } from './blobstore.ts'
import { cut } from './cut.ts'

/** Blobs as rows beside everything else: what several processes over one database share without more. */
export function createRowStore(db: Db): BlobStore {
  return {
    kind: 'rows',
    async write(id, source) {
      let n = 0
      try {
        for await (const data of cut(source, SEALED_CHUNK_SIZE)) {
          await db.insertInto('blob_chunk').values({ blob_id: id, n, data }).execute()
          n += 1
        }
      } catch (error) {
        await db.deleteFrom('blob_chunk').where('blob_id', '=', id).execute()
        throw error
      }
    },
    async *read(id, { from, to }) {
      for (let n = Math.floor(from / SEALED_CHUNK_SIZE); n * SEALED_CHUNK_SIZE < to; n += 1) {
        const [row] = await chunkOf(db, { id, n })
        const start = n * SEALED_CHUNK_SIZE
        const want = Math.min(to - start, SEALED_CHUNK_SIZE)
        if (!row || row.data.length < want) {
          throw new EarnestError('artifact_unreadable', `chunk ${n} is missing`)
        }
        yield row.data.subarray(Math.max(0, from - start), want)
      }
    },
    async drop(id) {
      await db.deleteFrom('blob_chunk').where('blob_id', '=', id).execute()
    },
  }
}

const chunkOf = statement((db, { id, n }: { id: string; n: number }) =>
  db.selectFrom('blob_chunk').select('data').where('blob_id', '=', id).where('n', '=', n),
)
