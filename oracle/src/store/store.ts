import { EarnestError, isEarnestError } from '@earnest/sdk/protocol'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations.ts'
import { openPglite } from './pglite.ts'
import { openServer } from './server.ts'
import type { Tables } from './tables.ts'

export type Db = Kysely<Tables>
export type Tx = Transaction<Tables>

/** Where the oracle remembers everything; PostgreSQL in both cases. */
export type Store = {
  db: Db
  /** True where several processes may open the same store. */
  shared: boolean
  close(): Promise<void>
}

export type StoreLocation = {
  /** A PostgreSQL server, `postgres://user:password@host:port/database`. */
  url?: string
  /** Data folder of the embedded PGlite; neither url nor folder: in memory. */
  folder?: string
  connections?: number
}

/**
 * Opens the store and brings its tables up to date.
 * @throws store_in_use, store_unreachable, migration_failed
 */
export async function openStore(location: StoreLocation = {}): Promise<Store> {
  const pool = location.url
    ? openServer(location.url, location.connections ?? 10)
    : await openPglite(location.folder)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    db,
    shared: location.url !== undefined,
    close: () => db.destroy(),
  }
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (!error) return
  if (isEarnestError(error, 'store_unreachable')) throw error
  throw new EarnestError('migration_failed', 'the tables could not be brought up to date', {
    cause: error,
  })
}
