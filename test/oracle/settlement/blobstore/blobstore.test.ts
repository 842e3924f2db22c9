import { readdirSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiskStore } from '../../../../oracle/src/settlement/blobstore/disk.ts'
import { createRowStore } from '../../../../oracle/src/settlement/blobstore/rows.ts'
import { createS3Store } from '../../../../oracle/src/settlement/blobstore/s3.ts'
import { openFreshStore } from '../../../../scripts/local/store.ts'
import { describeBlobStore } from './contract.ts'
import { bucket, credentials, region, startS3 } from './s3server.ts'

describeBlobStore('disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'earnest-blobs-'))
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  return {
    store: createDiskStore(folder),
    held: async () => files().length,
    close: async () => rmSync(folder, { recursive: true }),
  }
})

describeBlobStore('rows', async () => {
  const { db, close } = await openFreshStore()
  return {
    store: createRowStore(db),
    admit: async (id) => {
      const row = { id, sha256: null, size: 0, sealed_key: Buffer.alloc(1), created_at: 0 }
      await db.insertInto('blob').values(row).execute()
    },
    held: async () => (await db.selectFrom('blob_chunk').select('n').execute()).length,
    close,
  }
})

describeBlobStore('S3', async () => {
  const server = await startS3()
  const location = { bucket, region, prefix: 'some/where/', endpoint: server.url, ...credentials }
  return {
    store: createS3Store(location),
    held: async () => server.objects.size + server.uploads.size,
    close: server.close,
  }
})
