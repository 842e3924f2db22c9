import { EarnestError } from '@earnest/sdk/protocol'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'

/** Statements that a connection keeps prepared: more than this oracle has, but for lists of every length. */
const MAX_PREPARED = 500
/** A statement was prepared before another process changed the tables (`feature_not_supported`). */
const OUTDATED = '0A000'
/** A server that stops, starts, has no room, or does not know us; and connections that it lost. */
const AWAY = /^(08|57P0|53300|28P01)/
/** What the driver says of a connection that broke. */
const BROKEN = /^(Connection terminated|Client has encountered a connection error)/

/**
 * A PostgreSQL server behind a pool whose connections parse and plan each statement once: most of a short
 * query is spent on that. A server that is away is `store_unreachable` (retryable), at a connection as at a
 * query, of which nobody knows then whether it took effect.
 */
export function openServer(connectionString: string, max: number): PostgresPool {
  const pool = new pg.Pool({
    connectionString,
    max,
    // Every int8 here is a time, a height or a counter and stays far below 2^53.
    types: {
      getTypeParser: (id: number, format?: string) =>
        id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format as 'text'),
    },
  })
  // An idle connection that breaks must not end the process; the next query reports it.
  pool.on('error', () => {})
  const names = new Map<string, string>()
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  // At once: one packet can tell a new connection of its beginning and of its end, before anybody has it.
  pool.on('connect', preparedOf)

  return {
    options: {},
    async connect() {
      return preparedOf(await pool.connect().catch(refuse))
    },
    end: () => pool.end(),
  }

  function preparedOf(client: pg.PoolClient): PostgresPoolClient {
    const prepared = known.get(client) ?? prepare(client)
    known.set(client, prepared)
    return prepared
  }

  function prepare(client: pg.PoolClient): PostgresPoolClient {
    let isOutdated = false
    let isGone = false
    // Nor must one that is in use: between two statements of a transaction nobody else hears of it.
    client.on('error', () => {
      isGone = true
    })
    return {
      async query(text: unknown, values: readonly unknown[] = []) {
        if (typeof text !== 'string') {
          throw new EarnestError('store_unsupported', 'There are no cursors here')
        }
        try {
          const name = values.length > 0 ? nameOf(text) : undefined
          const query = { text, values: [...values], ...(name && { name }) }
          const { command, rowCount, rows } = await client.query(query)
          return { command: command as 'SELECT', rowCount: rowCount ?? 0, rows }
        } catch (error) {
          isOutdated ||= (error as { code?: string }).code === OUTDATED
          return refuse(error)
        }
      },
      // What it has prepared no longer fits the tables: the next one prepares anew.
      release: (isBroken?: boolean) => client.release(isBroken || isOutdated || isGone),
    } as PostgresPoolClient
  }

  function nameOf(text: string): string | undefined {
    const name = names.get(text)
    if (name !== undefined || names.size >= MAX_PREPARED) return name
    names.set(text, `earnest_${names.size}`)
    return names.get(text)
  }
}

function refuse(error: unknown): never {
  if (!isAway(error)) throw error
  const message = 'The database does not answer'
  throw new EarnestError('store_unreachable', message, { retryable: true, cause: error })
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code = '' } = error as { code?: string }
  if (error instanceof pg.DatabaseError) return AWAY.test(code)
  return /^E[A-Z_]+$/.test(code) || BROKEN.test(error.message)
}
