import { EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Db } from './store.ts'
import type { Tables } from './tables.ts'

/** Every table that holds state, parents before children; leases and the work of other processes' clocks stay behind. */
const tables = [
  'journal',
  'event',
  'fact',
  'credential',
  'import',
  'anchor',
  'job',
  'request_nonce',
  'idempotency',
  'agent',
  'pact',
  'offer',
  'reply_probe',
  'lock',
  'failure',
  'block',
  'log',
  'escrow',
  'announcement',
  'cursor',
  'bond',
  'probe',
  'completion',
  'attestation',
  'submission',
  'sender',
  'relay',
  'relay_hour',
  'exam_time',
  'refusal',
  'blob',
  'blob_chunk',
  'artifact',
  'paper',
  'grant',
  'read_receipt',
  'deposit',
  'dispute',
  'claim',
  'evidence',
  'verdict',
  'spot_check',
  'flag_appeal',
  'split_offer',
  'decision',
  'settlement',
  'webhook',
  'notice',
  'outage',
  'origin',
  'score',
  'docket_log',
  'docket',
  'recourse_log',
  'recourse',
  'member',
  'pool',
] as const satisfies readonly (keyof Tables)[]

const format = 'earnest-backup/1'

/** Columns that a backup of an older version still has, and nobody needs. */
const dropped = new Set(['block.parent'])

/** Keys that order a table's pages. */
const PAGE = 200

/**
 * Writes the whole store as lines of JSON, in one consistent view, from either kind of PostgreSQL to
 * either. Artifacts stay sealed: the artifact key is not in it.
 */
export async function* backupStore(db: Db): AsyncGenerator<string> {
  const trx = await db.startTransaction().setIsolationLevel('repeatable read').execute()
  try {
    yield line({ format })
    for (const table of tables) {
      for (let offset = 0; ; offset += PAGE) {
        const { rows } = await sql<Record<string, unknown>>`
          select * from ${sql.table(table)} order by ctid limit ${PAGE} offset ${offset}`.execute(
          trx,
        )
        for (const row of rows) yield line({ table, row })
        if (rows.length < PAGE) break
      }
    }
    yield line({ end: tables.length })
    await trx.commit().execute()
  } catch (error) {
    await trx.rollback().execute()
    throw error
  }
}

/**
 * Fills an empty store out of a backup, all or nothing.
 * @throws not_a_backup, store_not_empty, backup_incomplete
 */
export async function restoreStore(db: Db, lines: AsyncIterable<string>): Promise<number> {
  return db.transaction().execute(async (tx) => {
    let rows = 0
    let begun = false
    let ended = false
    for await (const text of lines) {
      if (text === '') continue
      const item = JSON.parse(text, revive) as {
        format?: string
        table?: string
        row?: Record<string, unknown>
        end?: number
      }
      if (!begun) {
        if (item.format !== format) throw new EarnestError('not_a_backup', 'Of another format')
        await assertEmpty(tx)
        begun = true
      } else if (item.table !== undefined && item.row) {
        const table = tables.find((name) => name === item.table)
        if (!table) throw new EarnestError('not_a_backup', `No table ${item.table}`)
        const cells = Object.entries(item.row).filter(([name]) => !dropped.has(`${table}.${name}`))
        await sql`insert into ${sql.table(table)} (${sql.join(cells.map(([name]) => sql.ref(name)))})
          values (${sql.join(cells.map(([, value]) => value))})`.execute(tx)
        rows += 1
      } else if (item.end !== undefined) ended = true
    }
    if (!ended) throw new EarnestError('backup_incomplete', 'The backup ends too early')
    for (const [table, column] of [
      ['job', 'id'],
      ['settlement', 'seq'],
    ] as const) {
      await sql`select setval(pg_get_serial_sequence(${table}, ${column}),
        (select coalesce(max(${sql.ref(column)}), 0) + 1 from ${sql.table(table)}), false)`.execute(
        tx,
      )
    }
    return rows
  })
}

async function assertEmpty(db: Db): Promise<void> {
  const row = await db.selectFrom('journal').select('seq').limit(1).executeTakeFirst()
  if (row) throw new EarnestError('store_not_empty', 'Restore into a new folder or database')
}

function line(value: unknown): string {
  return `${JSON.stringify(value, replace)}\n`
}

function replace(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key]
  if (original instanceof Uint8Array) {
    return { $bytes: Buffer.from(original).toString('base64') }
  }
  return value
}

function revive(_: string, value: unknown): unknown {
  if (value !== null && typeof value === 'object' && '$bytes' in value) {
    return Buffer.from(String(value.$bytes), 'base64')
  }
  return value
}
