import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EarnestError } from '@earnest/sdk/protocol'
import type { BlobStore } from './blobstore.ts'

/** Blobs as files of one folder: the default of an oracle on one machine. */
export function createDiskStore(folder: string): BlobStore {
  const pathOf = (id: string) => join(folder, id.slice(0, 2), id)
  return {
    kind: 'disk',
    async write(id, source) {
      const path = pathOf(id)
      const draft = `${path}.part`
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const file = await open(draft, 'w', 0o600)
      try {
        for await (const part of source) await file.write(part)
        await file.sync()
        await file.close()
        await rename(draft, path)
      } catch (error) {
        await file.close().catch(() => {})
        await rm(draft, { force: true })
        throw error
      }
    },
    async *read(id, { from, to }) {
      let left = to - from
      if (left === 0) return
      try {
        for await (const part of createReadStream(pathOf(id), { start: from, end: to - 1 })) {
          left -= part.length
          yield part
        }
      } catch (cause) {
        throw new EarnestError('artifact_unreadable', 'the sealed file cannot be read', { cause })
      }
      if (left > 0) throw new EarnestError('artifact_unreadable', 'the sealed file is too short')
    },
    async drop(id) {
      await rm(pathOf(id), { force: true })
      await rm(`${pathOf(id)}.part`, { force: true })
    },
  }
}
