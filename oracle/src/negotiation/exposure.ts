import { EarnestError, formatUsdc } from '@earnest/sdk/protocol'
import { type ExpressionBuilder, type Nullable, sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'

/** Seconds after `fundBy` in which a funding of the last moment may still be unread. */
const READING = 120

/** How much a seller may have open in all, and whether more than that is refused or only advised against. */
export type ExposureLimit = { limit: bigint; isBinding: boolean; isSuspended: boolean }

/**
 * Registered work of a seller that is not settled, base units: what it has at stake already. A pact
 * leaves it when its escrow ends, when the seller takes it back, and when nobody funded it in time.
 */
export async function openExposure(db: Db | Tx, sellerDid: string, now: number): Promise<bigint> {
  return (await openExposures(db, [sellerDid], now)).get(sellerDid) ?? 0n
}

/** The same of many sellers; who has nothing open is left out. */
export async function openExposures(
  db: Db | Tx,
  sellers: readonly string[],
  now: number,
): Promise<Map<string, bigint>> {
  if (sellers.length === 0) return new Map()
  const rows = await openOf(db, { sellers, unread: now - READING })
  return new Map(rows.map(({ seller_did, amount }) => [seller_did, BigInt(amount)]))
}

const openOf = statement(
  (db, { sellers, unread }: { sellers: readonly string[]; unread: number }) =>
    db
      .selectFrom('lock')
      .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
      .leftJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
      .select(['pact.seller_did', sql<string>`sum(lock.amount::numeric)::text`.as('amount')])
      .where(sql<boolean>`pact.seller_did = any(${sellers}::text[])`)
      .where((eb) => eb.or([isAwaited(eb, unread), eb('escrow.state', 'in', openStates)]))
      .groupBy('pact.seller_did'),
)

type Joined = ExpressionBuilder<
  Tables & { escrow: Nullable<Tables['escrow']> },
  'lock' | 'pact' | 'escrow'
>

/**
 * Registered, not taken back, and still to be funded.
 * @param unread Unix seconds: a funding that came in time may be unread from here on.
 */
function isAwaited(eb: Joined, unread: number) {
  return eb.and([
    eb('escrow.escrow_id', 'is', null),
    eb('lock.fund_by', '>', unread),
    eb('pact.cancelled_at', 'is', null),
  ])
}

const openStates = ['Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration']

/** One arbitrary number for all locks on sellers; the other half of the key is the seller. */
const sellerLock = 401_720_262

/**
 * Holds a seller's exposure until the transaction ends, and refuses a pact that does not fit beside
 * what is open: of two that come at once the second sees the first (W-29).
 * @throws exposure_exceeded, agent_suspended
 */
export async function reserveExposure(
  tx: Tx,
  {
    pact,
    amount,
    limit: { limit, isBinding, isSuspended },
    now,
  }: {
    pact: { pactId: string; buyer: string; seller: string }
    amount: bigint
    limit: ExposureLimit
    now: number
  },
): Promise<void> {
  if (isSuspended) {
    throw new EarnestError('agent_suspended', 'This seller begins nothing new for now')
  }
  if (!isBinding) return
  await sql`select pg_advisory_xact_lock(${sql.lit(sellerLock)}, hashtext(${pact.seller}))`.execute(
    tx,
  )
  // The pact itself stands in the registry already, and goes with this transaction if it may not.
  const open = (await openExposure(tx, pact.seller, now)) - amount
  if (open + amount <= limit) return
  if (await isAmendment(tx, pact, amount, now)) {
    const marked = tx.updateTable('pact').set({ amends: true })
    await marked.where('pact_id', '=', pact.pactId).execute()
    return
  }
  throw new EarnestError('exposure_exceeded', 'More than this seller may have open for now', {
    details: {
      limitUsdc: formatUsdc(limit),
      openUsdc: formatUsdc(open),
      amountUsdc: formatUsdc(amount),
    },
  })
}

/**
 * New terms for money that is locked already add nothing: one such pact for each lock of the two. One
 * that was funded with other money after all was no amendment: it takes the place of the lock beside it.
 */
async function isAmendment(
  tx: Tx,
  { pactId, buyer, seller }: { pactId: string; buyer: string; seller: string },
  amount: bigint,
  now: number,
): Promise<boolean> {
  const rows = await tx
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .leftJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
    .select(['escrow.state', 'pact.pact_id', 'pact.amends', wasMoved.as('moved')])
    .where('pact.seller_did', '=', seller)
    .where('pact.buyer_did', '=', buyer)
    .where('lock.amount', '=', amount.toString())
    .where((eb) => eb.or([isAwaited(eb, now - READING), eb('escrow.state', 'in', openStates)]))
    .execute()
  const added = rows.filter(({ state, amends, moved }) => state !== null && amends && !moved).length
  const locked = rows.filter(({ state, amends, moved }) => state === 'Funded' && (moved || !amends))
  const waiting = rows.filter((row) => row.state === null && row.pact_id !== pactId).length
  return locked.length - added > waiting
}

/** Its money came out of another escrow: `Amended` is one log of both. */
const wasMoved = sql<boolean>`exists (
  select 1 from log join log as same
    on same.block_number = log.block_number and same.log_index = log.log_index
  where log.escrow_id = lock.escrow_id and same.escrow_id <> log.escrow_id
)`
