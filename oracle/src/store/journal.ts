import {
  canonicalText,
  EarnestError,
  hashBody,
  type Identity,
  verifyBody,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Db, Tx } from './store.ts'
import type { Row } from './tables.ts'

export type Entry = {
  topic: string
  /** Escrow id, pact id or DID that the entry is about. */
  subject: string
  /** DIDs that a subscription may filter by. */
  parties?: readonly string[]
  /** Public entries are the events of `GET /events`. */
  public?: boolean
  data: Record<string, unknown>
  /** Happens at most once: a second entry with the same key is left out. */
  key?: string
  at: number
}

/** One arbitrary number: whoever appends holds it until its transaction ends, so order is commit order. */
const journalLock = 4_017_202_611

const genesis = '0'.repeat(64)

/**
 * Appends entries at the end of a transaction, hash-chained and signed.
 * Call it last: other writers wait for the end of the transaction.
 * @returns the entries that were new.
 */
export async function append(
  tx: Tx,
  signer: Identity,
  entries: readonly Entry[],
): Promise<Row<'journal'>[]> {
  if (entries.length === 0) return []
  await sql`select pg_advisory_xact_lock(${sql.lit(journalLock)})`.execute(tx)
  const last = await tx
    .selectFrom('journal')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  const keys = entries.flatMap((entry) => entry.key ?? [])
  const known = new Set(
    keys.length === 0
      ? []
      : (await tx.selectFrom('journal').select('key').where('key', 'in', keys).execute()).map(
          (row) => row.key,
        ),
  )
  let seq = last?.seq ?? 0
  let prev = last?.hash ?? genesis
  const rows: Row<'journal'>[] = []
  for (const entry of entries) {
    if (entry.key !== undefined) {
      if (known.has(entry.key)) continue
      known.add(entry.key)
    }
    seq += 1
    const body = {
      seq,
      at: entry.at,
      topic: entry.topic,
      subject: entry.subject,
      parties: [...(entry.parties ?? [])],
      public: entry.public ?? false,
      data: entry.data,
      prev,
    }
    const hash = hashBody(body)
    rows.push({
      ...body,
      data: canonicalText(entry.data),
      key: entry.key ?? null,
      hash,
      signature: signer.sign({ type: 'event', body }),
    })
    prev = hash
  }
  if (rows.length > 0) await tx.insertInto('journal').values(rows).execute()
  return rows
}

/** The signed body of an entry, as it goes over the wire. */
export function entryBody(row: Row<'journal'>) {
  return {
    seq: row.seq,
    at: row.at,
    topic: row.topic,
    subject: row.subject,
    parties: row.parties,
    public: row.public,
    data: JSON.parse(row.data) as Record<string, unknown>,
    prev: row.prev,
  }
}

/** Public entries after `cursor`, oldest first. */
export async function readEvents(
  db: Db,
  {
    after,
    limit,
    subject,
    party,
  }: {
    after: number
    limit: number
    subject?: string | undefined
    party?: string | undefined
  },
): Promise<Row<'journal'>[]> {
  let query = db
    .selectFrom('journal')
    .selectAll()
    .where('seq', '>', after)
    .where('public', '=', true)
    .orderBy('seq')
    .limit(limit)
  if (subject !== undefined) query = query.where('subject', '=', subject)
  if (party !== undefined) query = query.where(sql<boolean>`parties @> array[${party}]::text[]`)
  return query.execute()
}

/**
 * Recomputes the whole chain of hashes and signatures (DRV-09).
 * @throws journal_broken with the sequence number of the first entry that does not fit.
 */
export async function verifyJournal(
  db: Db,
  publicKey: Uint8Array,
): Promise<{ entries: number; head: string }> {
  let seq = 0
  let prev = genesis
  for (;;) {
    const rows = await db
      .selectFrom('journal')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(500)
      .execute()
    if (rows.length === 0) return { entries: seq, head: prev }
    for (const row of rows) {
      const body = entryBody(row)
      const fits =
        row.seq === seq + 1 &&
        row.prev === prev &&
        hashBody(body) === row.hash &&
        verifyBody({ type: 'event', body, signature: row.signature, publicKey })
      if (!fits) {
        throw new EarnestError('journal_broken', `entry ${row.seq} does not fit the chain`, {
          details: { seq: row.seq, expected: seq + 1 },
        })
      }
      seq = row.seq
      prev = row.hash
    }
  }
}
