import {
  canonicalText,
  decode,
  EarnestError,
  type EventType,
  eventSchema,
  formatUtc,
  hashBody,
  type Identity,
  type OracleEvent,
  verifyBody,
  verifyEvent,
} from '@earnest/sdk/protocol'
import { type QueryCreator, sql } from 'kysely'
import { pack } from './json.ts'
import type { Db, Tx } from './store.ts'
import type { Row, Tables } from './tables.ts'

/** One transition; with `tell` it is also an event for listeners. */
export type Entry = {
  action: string
  /** Escrow id, pact id or DID that the entry is about. */
  subject: string
  data: Record<string, unknown>
  /** Happens at most once: a second entry with the same key is left out. */
  key?: string
  /** Unix seconds of the reference clock. */
  at: number
  tell?: {
    type: EventType
    agents: readonly string[]
    pactId?: string | null
    escrowId?: string | null
  }
  /** What the trust model learns from it. */
  fact?: object
}

const genesis = '0'.repeat(64)

/**
 * Appends entries at the end of a transaction, hash-chained and signed.
 * Call it last: other writers wait for the end of the transaction.
 * @returns how many were new.
 */
export async function append(tx: Tx, signer: Identity, entries: readonly Entry[]): Promise<number> {
  if (entries.length === 0) return 0
  const ends = await readEnds(tx, entries)
  const fresh = withoutKnown(entries, ends.known)
  if (fresh.length === 0) return 0
  let { seq } = ends
  let prev = ends.hash ?? genesis
  const rows: Row<'journal'>[] = []
  for (const { action, subject, data, at, key } of fresh) {
    seq += 1
    const body = { seq, at, action, subject, data, prev }
    const hash = hashBody(body)
    rows.push({
      ...body,
      data: canonicalText(data),
      key: key ?? null,
      hash,
      signature: signer.sign({ type: 'journal', body }),
    })
    prev = hash
  }
  const told = eventRows(signer, fresh, ends.event)
  const learned = factRows(fresh, ends.fact)
  // One statement, because every other writer waits for it.
  let writer: QueryCreator<Tables> = tx
  if (told.length > 0) {
    writer = writer.with('told', (db) => db.insertInto('event').values(told)) as typeof writer
  }
  if (learned.length > 0) {
    writer = writer.with('learned', (db) => db.insertInto('fact').values(learned)) as typeof writer
  }
  await writer.insertInto('journal').values(rows).execute()
  return rows.length
}

/** Where journal, events and facts end, and which keys of these entries were written before. */
type Ends = { seq: number; hash: string | null; event: number; fact: number; known: string[] }

/** Waits until nobody else appends: from here to the end of the transaction nobody else does, so order is commit order. */
async function readEnds(tx: Tx, entries: readonly Entry[]): Promise<Ends> {
  const keys = entries.flatMap((entry) => entry.key ?? [])
  const { rows } = await sql<Ends>`select * from journal_ends(${keys}::text[])`.execute(tx)
  const [ends] = rows
  if (ends === undefined) throw new EarnestError('store_unreachable', 'No answer')
  return ends
}

function withoutKnown(entries: readonly Entry[], keys: readonly string[]): Entry[] {
  const known = new Set(keys)
  return entries.filter(({ key }) => {
    if (key === undefined) return true
    if (known.has(key)) return false
    known.add(key)
    return true
  })
}

function eventRows(signer: Identity, entries: readonly Entry[], last: number): Row<'event'>[] {
  let id = last
  return entries.flatMap(({ tell: event, data, at }) => {
    if (!event) return []
    id += 1
    const facts = {
      id,
      type: event.type,
      agents: [...event.agents],
      data,
    }
    const pactId = event.pactId ?? null
    const escrowId = event.escrowId ?? null
    const body = { ...facts, at: formatUtc(at), oracle: signer.did, pactId, escrowId }
    return {
      ...facts,
      at,
      pact_id: pactId,
      escrow_id: escrowId,
      data: canonicalText(data),
      signature: signer.sign({ type: 'event', body }),
    }
  })
}

function factRows(entries: readonly Entry[], last: number) {
  const facts = entries.flatMap((entry) => entry.fact ?? [])
  return facts.map((fact, index) => ({ seq: last + 1 + index, fact: pack(fact) }))
}

/** The event as it goes over the wire. */
export function eventOf(row: Row<'event'>, oracle: string) {
  return {
    id: row.id,
    type: row.type,
    at: formatUtc(row.at),
    oracle,
    agents: row.agents,
    pactId: row.pact_id,
    escrowId: row.escrow_id,
    data: JSON.parse(row.data) as Record<string, unknown>,
    signature: row.signature,
  }
}

export type EventFilter = {
  agent?: string | undefined
  pactId?: string | undefined
  escrowId?: string | undefined
}

/** Events after `after`, oldest first. */
export async function readEvents(
  db: Db,
  { after, limit, agent, pactId, escrowId }: { after: number; limit: number } & EventFilter,
): Promise<Row<'event'>[]> {
  let query = db.selectFrom('event').selectAll().where('id', '>', after).orderBy('id').limit(limit)
  if (agent !== undefined) query = query.where(sql<boolean>`agents @> array[${agent}]::text[]`)
  if (pactId !== undefined) query = query.where('pact_id', '=', pactId)
  if (escrowId !== undefined) query = query.where('escrow_id', '=', escrowId)
  return query.execute()
}

/** Number of the newest event; 0 before the first. */
export async function lastEvent(db: Db): Promise<number> {
  const row = await db
    .selectFrom('event')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? 0
}

/**
 * Recomputes the chain of hashes and every signature, of the journal and of the events (DRV-09).
 * @throws journal_broken with the number of the first entry that does not fit.
 */
export async function verifyJournal(
  db: Db,
  signer: Pick<Identity, 'did' | 'publicKey'>,
): Promise<{ entries: number; events: number; head: string }> {
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
    if (rows.length === 0) break
    for (const row of rows) {
      const body = {
        seq: row.seq,
        at: row.at,
        action: row.action,
        subject: row.subject,
        data: JSON.parse(row.data) as unknown,
        prev: row.prev,
      }
      const { signature, hash } = row
      const fits =
        row.seq === seq + 1 &&
        row.prev === prev &&
        hashBody(body) === hash &&
        verifyBody({ type: 'journal', body, signature, publicKey: signer.publicKey })
      if (!fits) throw broken('journal', row.seq)
      seq = row.seq
      prev = hash
    }
  }
  return { entries: seq, events: await verifyEvents(db, signer), head: prev }
}

async function verifyEvents(db: Db, signer: Pick<Identity, 'did' | 'publicKey'>): Promise<number> {
  let id = 0
  for (;;) {
    const rows = await readEvents(db, { after: id, limit: 500 })
    if (rows.length === 0) return id
    for (const row of rows) {
      if (row.id !== id + 1) throw broken('event', row.id)
      try {
        const event: OracleEvent = decode(eventSchema, eventOf(row, signer.did), 'invalid_event')
        verifyEvent(event, { oracle: signer.did, keyOf: () => signer.publicKey })
      } catch (cause) {
        throw broken('event', row.id, cause)
      }
      id = row.id
    }
  }
}

function broken(what: string, number: number, cause?: unknown): EarnestError {
  return new EarnestError('journal_broken', `${what} ${number} does not fit the chain`, {
    details: { what, number },
    cause,
  })
}
