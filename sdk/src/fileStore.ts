import { access, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isSameJson } from './protocol/canonical.ts'
import { EarnestError } from './protocol/error.ts'
import type { Store } from './protocol/store.ts'

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
  const pathOf = (key: string, ending: string) =>
    join(folder, `${encodeURIComponent(key)}.${ending}`)

  async function get(key: string): Promise<unknown> {
    await ready
    let text: string
    try {
      text = await readFile(pathOf(key, 'json'), 'utf8')
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
      let stands = false
      try {
        await mkdir(join(beside, name), { recursive: true, mode: 0o700 })
        if (value !== undefined) await writeDown(join(beside, name, 'next'), value)
        await takeTurn(beside, turn)
        if (!(await mayStand())) return false
        if (value !== undefined) await rename(join(turn, name, 'next'), target)
        else if (await isThere(target)) await rename(target, join(turn, name, 'gone'))
        stands = true
        await flush(folder)
        return true
      } catch (error) {
        // The turn was taken away from us: nothing of ours stands.
        if (stands || !isCode(error, 'ENOENT')) throw error
      } finally {
        await rm(beside, { recursive: true, force: true })
        await rm(join(turn, name), { recursive: true, force: true })
        // Empty it is nobody's; where it is not, it is another's by now.
        await rmdir(turn).catch(() => {})
      }
    }
  }

  return {
    get,
    async set(key, value) {
      await change(key, value, async () => true)
    },
    async delete(key) {
      await change(key, undefined, async () => true)
    },
    swap: (key, expected, value) =>
      change(key, value, async () => isSameJson(await get(key), expected)),
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

/** Puts our folder in the place of a turn that nobody has; waits for whoever has it, unless it is dead. */
async function takeTurn(beside: string, turn: string): Promise<void> {
  let holder = ''
  for (let looks = 0; ; looks++) {
    try {
      // A folder takes the place of none or of an empty one, in one step.
      return await rename(beside, turn)
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
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(JSON.stringify(value))
    await file.sync()
  } finally {
    await file.close()
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

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
