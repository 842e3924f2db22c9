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
import { sql } from 'kysely'
import { pack } from './json.ts'
import { statement } from './statement.ts'
import type { Db, Tx } from './store.ts'
import type { Row } from './tables.ts'

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

/** Where journal, events and facts end. */
type Ends = { seq: number; hash: string | null; event: number; fact: number }

/** Where the journal ends if everything that was sent to it gets there: a guess that the store checks. */
const expected = new WeakMap<Identity, Ends>()

/**
 * Appends entries, hash-chained and signed. In a transaction call it last: other writers wait for its end.
 * @returns how many were new.
 */
export async function append(
  db: Db | Tx,
  signer: Identity,
  entries: readonly Entry[],
): Promise<number> {
  if (entries.length === 0) return 0
  const keys = entries.flatMap((entry) => entry.key ?? [])
  const guess = expected.get(signer) ?? { seq: 0, hash: null, event: 0, fact: 0 }
  const fresh = withoutKnown(entries, [])
  const found = await write(db, signer, { entries: fresh, at: guess, keys })
  if (found.written) return fresh.length
  // Nobody else appends until the transaction ends, so what is true now stays true.
  if (!db.isTransaction) return db.transaction().execute((tx) => append(tx, signer, entries))
  const left = withoutKnown(entries, found.known)
  if (left.length === 0) {
    expected.set(signer, found)
    return 0
  }
  const { written } = await write(db, signer, { entries: left, at: found, keys: [] })
  if (!written) throw new EarnestError('store_unreachable', 'The journal moved under its lock')
  return left.length
}

/** Chains entries to an end and writes them if it is the end; all in one statement, since every other writer waits for it. */
async function write(
  db: Db | Tx,
  signer: Identity,
  { entries, at: end, keys }: { entries: readonly Entry[]; at: Ends; keys: string[] },
): Promise<Ends & { written: boolean; known: string[] }> {
  let { seq, hash: prev } = end
  const rows = entries.map(({ action, subject, data, at, key }): Row<'journal'> => {
    seq += 1
    const body = { seq, at, action, subject, data, prev: prev ?? genesis }
    prev = hashBody(body)
    const signature = signer.sign({ type: 'journal', body })
    return { ...body, data: canonicalText(data), key: key ?? null, hash: prev, signature }
  })
  const told = eventRows(signer, entries, end.event)
  const learned = factRows(entries, end.fact)
  const { event, fact } = end
  expected.set(signer, {
    seq,
    hash: prev,
    event: event + told.length,
    fact: fact + learned.length,
  })
  const [found] = await appendAt(db, {
    ...end,
    keys,
    entries: JSON.stringify(rows),
    told: JSON.stringify(told),
    learned: JSON.stringify(learned),
  })
  if (found === undefined) throw new EarnestError('store_unreachable', 'No answer')
  return found
}

type Appending = Ends & { keys: string[]; entries: string; told: string; learned: string }

/** In a transaction nobody else appends from here to its end, so the order is that of the commits. */
const appendAt = statement(
  (_, { seq, hash, event, fact, keys, entries, told, learned }: Appending) =>
    sql<Ends & { written: boolean; known: string[] }>`select * from journal_append(
      ${seq}, ${hash}, ${event}, ${fact}, ${keys}, ${entries}, ${told}, ${learned}
    )`,
)

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
  if ((agent ?? pactId ?? escrowId) === undefined) return eventsAfter(db, { after, limit })
  let query = db.selectFrom('event').selectAll().where('id', '>', after).orderBy('id').limit(limit)
  if (agent !== undefined) query = query.where(sql<boolean>`agents @> array[${agent}]::text[]`)
  if (pactId !== undefined) query = query.where('pact_id', '=', pactId)
  if (escrowId !== undefined) query = query.where('escrow_id', '=', escrowId)
  return query.execute()
}

const eventsAfter = statement((db, { after, limit }: { after: number; limit: number }) =>
  db.selectFrom('event').selectAll().where('id', '>', after).orderBy('id').limit(limit),
)

/** Number of the newest event; 0 before the first. */
export async function lastEvent(db: Db): Promise<number> {
  return (await newestEvent(db, {}))[0]?.id ?? 0
}

const newestEvent = statement((db) =>
  db.selectFrom('event').select('id').orderBy('id', 'desc').limit(1),
)

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
