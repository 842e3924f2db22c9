import {
  closeSync,
  existsSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isSameJson } from './protocol/canonical.ts'
import { EarnestError } from './protocol/error.ts'
import type { Store } from './protocol/store.ts'

// What waits for the disk goes to another thread. A step that the system does in its memory is done at once:
// handing it over and back costs ten times as much.
const synced = promisify(fsync)

/** Names what this process writes beside; its number would not do, for in a container it is always the same. */
const writer = crypto.randomUUID()
let writes = 0

/** Milliseconds between two looks at another's turn, and looks after which it counts as dead. */
const LOOK = 10
const LOOKS = 200

/**
 * A store in a folder, one file per key: written beside, flushed to disk, then renamed, so that a process
 * killed at any moment leaves the old value or the new one. Any number of processes of one machine may use
 * the folder: who changes a key has its turn, a folder beside it that holds the new value, and the one step
 * that makes the value stand takes it out of that very turn. So a turn may be taken away from whoever seems
 * dead: if it was only slow, its step finds nothing to take and begins anew. Throws `store_corrupt`.
 * @example
 * const journal = createFileStore({ folder: './trades' })
 */
export function createFileStore({ folder }: { folder: string }): Store {
  const ready = mkdir(folder, { recursive: true, mode: 0o700 })
  // Whoever uses the store is told; nobody else's process ends of it.
  ready.catch(() => {})
  const flush = createFlush(folder)
  const pathOf = (key: string, ending: string) =>
    join(folder, `${encodeURIComponent(key)}.${ending}`)

  async function get(key: string): Promise<unknown> {
    await ready
    let text: string
    try {
      text = readFileSync(pathOf(key, 'json'), 'utf8')
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined
      throw error
    }
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new EarnestError('store_corrupt', `Not JSON: ${key}`, { cause })
    }
  }

  /** Has a value stand, or none where it is undefined; false where `mayStand` says no. */
  async function change(
    key: string,
    value: unknown,
    mayStand: () => Promise<boolean>,
  ): Promise<boolean> {
    await ready
    const [target, turn] = [pathOf(key, 'json'), pathOf(key, 'turn')]
    for (;;) {
      const name = `${writer}.${writes++}`
      const beside = pathOf(key, `${name}.tmp`)
      // In our turn: the new value, or the folder into which the old one goes.
      const ours = join(turn, name)
      let stands = false
      try {
        mkdirSync(beside, { recursive: true, mode: 0o700 })
        if (value !== undefined) await writeDown(join(beside, name), value)
        else mkdirSync(join(beside, name), { mode: 0o700 })
        await takeTurn(beside, turn)
        if (!(await mayStand())) return false
        if (value !== undefined) renameSync(ours, target)
        else if (existsSync(target)) renameSync(target, join(ours, 'gone'))
        stands = true
        await flush()
        return true
      } catch (error) {
        // The turn was taken away from us: nothing of ours stands.
        if (stands || !isCode(error, 'ENOENT')) throw error
      } finally {
        // What stands as the value has left our turn by that.
        if (!stands) await rm(beside, { recursive: true, force: true })
        if (!stands || value === undefined) await rm(ours, { recursive: true, force: true })
        // Empty it is nobody's.
        giveBack(turn)
      }
    }
  }

  return {
    get,
    async set(key, value) {
      await change(key, value, async () => true)
    },
    async delete(key) {
      await ready
      // What is not there is gone, whoever wrote it and whoever took it away.
      if (existsSync(pathOf(key, 'json'))) await change(key, undefined, async () => true)
    },
    swap: (key, expected, value) =>
      change(key, value, async () => isSameJson(await get(key), expected)),
    async keys(prefix) {
      await ready
      const start = encodeURIComponent(prefix)
      const names = await readdir(folder)
      return names
        .filter((name) => name.startsWith(start) && name.endsWith('.json'))
        .map((name) => decodeURIComponent(name.slice(0, -'.json'.length)))
        .sort()
    },
  }
}

/**
 * Has the disk hold the folder's names as they are when it is called: a rename is only there once the folder
 * is. All who call while one flush runs share the next.
 */
function createFlush(folder: string): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  async function sync(): Promise<void> {
    next = undefined
    const directory = openSync(folder, 'r')
    try {
      await synced(directory)
    } finally {
      closeSync(directory)
    }
  }

  return () => {
    if (next === undefined) {
      next = running.then(sync, sync)
      running = next
    }
    return next
  }
}

/** Puts our folder in the place of a turn that nobody has; waits for whoever has it, unless it is dead. */
async function takeTurn(beside: string, turn: string): Promise<void> {
  let holder = ''
  for (let looks = 0; ; looks++) {
    try {
      // A folder takes the place of none or of an empty one, in one step.
      return renameSync(beside, turn)
    } catch (error) {
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error
    }
    const [now = ''] = await readdir(turn).catch(() => [])
    if (now !== holder) looks = 0
    holder = now
    if (looks < LOOKS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK))
      continue
    }
    const aside = `${beside}.dead`
    try {
      await rename(turn, aside)
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error
    }
    await rm(aside, { recursive: true, force: true })
    looks = 0
  }
}

async function writeDown(path: string, value: unknown): Promise<void> {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, JSON.stringify(value))
    await synced(file)
  } finally {
    closeSync(file)
  }
}

function giveBack(turn: string): void {
  try {
    rmdirSync(turn)
  } catch {
    // Another's by now.
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
