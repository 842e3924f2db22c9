import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore, type Store } from '../../oracle/src/store/store.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules/.cache/earnest')

/** What an empty store follows from: PGlite's version, and the tables. */
const sources = ['package-lock.json', 'oracle/src/store/migrations.ts']

/**
 * Puts an empty store with all its tables into a folder, for an oracle that will be started there. It is
 * the copy of one that is made once an installation: to make it is seconds of work, to copy it is none.
 */
export async function layStore(folder: string): Promise<void> {
  cpSync(join(await emptyStore(), 'pg'), join(folder, 'pg'), { recursive: true })
}

/** An empty store of this process's own, which is gone once it is closed. */
export async function openFreshStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'earnest-fresh-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  await layStore(folder)
  const store = await openStore({ folder })
  return {
    ...store,
    close: async () => {
      await store.close()
      process.off('exit', remove)
      remove()
    },
  }
}

async function emptyStore(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(readFileSync(join(root, source)))
  const place = join(cache, `store-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(place)) return place
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(join(cache, 'making-'))
  const store = await openStore({ folder: making })
  await store.close()
  try {
    renameSync(making, place)
  } catch (error) {
    // Another process was faster; where nobody was, there is nothing to copy from.
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  }
  return place
}
