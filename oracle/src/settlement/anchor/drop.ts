import {
  type AnchorRecord,
  type AnchorStatement,
  anchorStatementSchema,
  canonicalText,
  decode,
  encode,
  signAnchor,
} from '@earnest/sdk/protocol'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { holdLease, type Lease } from '../../store/lease.ts'
import type { Db } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'
import type { Trust } from '../../trust/answer.ts'
import type { Anchor } from './anchor.ts'

/** Seconds after which an anchor that never stood on the chain no longer holds up the next. */
const PENDING_LIFETIME = 3600
/** Anchors that one answer lists. */
const SHOWN = 50

type Dropping = Context & {
  trust: Pick<Trust, 'root'>
  anchor: Anchor
  /** Seconds between two anchors. */
  interval: number
  lease: Lease
}

/**
 * Puts the root of the event set on the chain when it is due and has changed, and writes down where it
 * stands as soon as it does.
 * @returns the anchor that is new or found its place now.
 */
export async function dropAnchor(dropping: Dropping): Promise<AnchorRecord | undefined> {
  const { db, signer, clock, trust, anchor, interval, lease } = dropping
  const now = clock.now()
  const last = await db
    .selectFrom('anchor')
    .selectAll()
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (last && last.reference === null && now < last.as_of + PENDING_LIFETIME) {
    return place(dropping, last)
  }
  if (last && now < last.as_of + interval) return undefined
  const { eventRoot, size } = await trust.root()
  if (size === 0 || size === last?.size) return undefined
  const body = { oracle: signer.did, eventRoot, size, asOf: now }
  const statement = signAnchor(body, (signing) => signer.sign(signing))
  const wire = encode(anchorStatementSchema, statement, 'invalid_anchor')
  const row = {
    size,
    event_root: eventRoot,
    as_of: now,
    statement: canonicalText(wire),
    chain: anchor.chain,
    reference: null,
  }
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    await tx.insertInto('anchor').values(row).execute()
    const data = { eventRoot, size, chain: anchor.chain }
    await append(tx, signer, [{ action: 'root_anchored', subject: eventRoot, at: now, data }])
  })
  await anchor.anchor(statement)
  return recordOf(row)
}

async function place(
  { db, anchor }: Dropping,
  row: Row<'anchor'>,
): Promise<AnchorRecord | undefined> {
  const reference = await anchor.anchor(statementOf(row))
  if (reference === null) return undefined
  await db.updateTable('anchor').set({ reference }).where('size', '=', row.size).execute()
  return recordOf({ ...row, reference })
}

/** Anchors, the newest first; with a size, those that commit to at least so many facts, the oldest first. */
export async function listAnchors(db: Db, size?: number): Promise<AnchorRecord[]> {
  const rows = await db
    .selectFrom('anchor')
    .selectAll()
    .where('size', '>=', size ?? 1)
    .orderBy('size', size === undefined ? 'desc' : 'asc')
    .limit(SHOWN)
    .execute()
  return rows.map(recordOf)
}

function recordOf(row: Row<'anchor'>): AnchorRecord {
  return { statement: statementOf(row), chain: row.chain, reference: row.reference }
}

function statementOf({ statement }: Row<'anchor'>): AnchorStatement {
  return decode(anchorStatementSchema, JSON.parse(statement), 'invalid_anchor')
}
