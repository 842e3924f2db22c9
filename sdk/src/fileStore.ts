import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { EarnestError } from './protocol/error.ts'
import type { Store } from './protocol/store.ts'

/** Names what this process writes beside; its number would not do, for in a container it is always the same. */
const writer = crypto.randomUUID()
let writes = 0

/**
 * A store in a folder, one file per key: written beside, flushed to disk, then renamed, so that a process
 * killed at any moment leaves the old value or the new one. One process per folder.
 * @example
 * const journal = createFileStore({ folder: './trades' })
 */
export function createFileStore({ folder }: { folder: string }): Store {
  const ready = mkdir(folder, { recursive: true, mode: 0o700 })
  const fileOf = (key: string) => join(folder, `${encodeURIComponent(key)}.json`)
  return {
    async get(key) {
      await ready
      let text: string
      try {
        text = await readFile(fileOf(key), 'utf8')
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
      try {
        return JSON.parse(text)
      } catch (cause) {
        throw new EarnestError('store_corrupt', `Not JSON: ${key}`, { cause })
      }
    },
    async set(key, value) {
      await ready
      const target = fileOf(key)
      const beside = `${target}.${writer}.${writes++}.tmp`
      const file = await open(beside, 'wx', 0o600)
      try {
        await file.writeFile(JSON.stringify(value))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(beside, target)
      await flush(folder)
    },
    async delete(key) {
      await ready
      try {
        await unlink(fileOf(key))
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
    async keys(prefix) {
      await ready
      const names = await readdir(folder)
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => decodeURIComponent(name.slice(0, -'.json'.length)))
        .filter((key) => key.startsWith(prefix))
        .sort()
    },
  }
}

/** The rename itself is only on disk once the folder is. */
async function flush(folder: string): Promise<void> {
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
