import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EarnestError } from '@earnest/sdk/protocol'
import { PGlite } from '@electric-sql/pglite'
import type { PostgresPool, PostgresPoolClient } from 'kysely'

/**
 * PGlite behind the shape of a `pg` pool with one connection, so that one dialect serves both.
 * Kysely's own PGlite dialect shares its connection without a lock: a query would run inside
 * another caller's transaction. Here a caller holds the connection until it releases it.
 * @param folder Where the data lives; omitted, it lives in memory.
 * @throws store_in_use when another live process has the folder open.
 */
export async function openPglite(folder: string | undefined): Promise<PostgresPool> {
  const unlock = folder ? lockFolder(folder) : () => {}
  const pglite = await PGlite.create(folder ? { dataDir: join(folder, 'pg') } : {})
  let tail: Promise<void> = Promise.resolve()

  return {
    options: {},
    async connect(): Promise<PostgresPoolClient> {
      const turn = Promise.withResolvers<void>()
      const before = tail
      tail = before.then(() => turn.promise)
      await before
      return {
        async query(text: unknown, parameters?: readonly unknown[]) {
          if (typeof text !== 'string') {
            throw new EarnestError('store_unsupported', 'PGlite has no cursors')
          }
          const result = await pglite.query<Record<string, unknown>>(text, [...(parameters ?? [])])
          const command = text.trimStart().slice(0, 6).toUpperCase()
          return {
            command: command as 'SELECT',
            rowCount: result.affectedRows ?? result.rows.length,
            rows: result.rows,
          }
        },
        release: () => turn.resolve(),
      } as PostgresPoolClient
    },
    async end() {
      await tail
      await pglite.close()
      unlock()
    },
  }
}

/** Two processes on one embedded folder would corrupt it; a lock left by a dead one is taken over. */
function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'oracle.pid')
  for (;;) {
    try {
      const file = openSync(path, 'wx')
      writeSync(file, String(process.pid))
      closeSync(file)
      return () => unlinkSync(path)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
      const holder = Number(readFileSync(path, 'utf8'))
      if (holder !== process.pid && isAlive(holder)) {
        throw new EarnestError('store_in_use', `process ${holder} has ${folder} open`, { cause })
      }
      unlinkSync(path)
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
