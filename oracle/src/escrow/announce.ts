import { formatUsdc, type Identity, isTerminal } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { append, type Entry } from '../store/journal.ts'
import { unpack } from '../store/json.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import { holdRegistry } from '../store/registry.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Chain } from './chain.ts'
import { type Heads, isFinal, readHeads } from './finality.ts'
import { type Link, linksOf, tellOf } from './fold.ts'
import type { EscrowState } from './state.ts'

/** Writes what follows from an end that the chain will not take back; in the same transaction. */
export type OnSettled = (
  tx: Tx,
  settled: { state: EscrowState; link: Link },
  entries: Entry[],
) => Promise<void>

/**
 * Announces fundings and ends once the chain is sure of them by amount: one signed `funded`
 * event for each funding (ESC-07), one settlement for each end.
 * @returns the escrows that either is about.
 */
export async function announce({
  db,
  signer,
  chain,
  lease,
  latest,
  onSettled,
}: {
  db: Db
  signer: Identity
  chain: Chain
  lease: Lease
  latest: number
  onSettled: OnSettled
}): Promise<string[]> {
  const rows = await db
    .selectFrom('escrow')
    .select(['escrow_id', 'amount', 'body'])
    .where('awaits', '=', true)
    .where('updated_block', '<=', latest)
    .orderBy('funded_block')
    .limit(500)
    .execute()
  if (rows.length === 0) return []
  const heads = await readHeads(chain, {
    latest,
    amounts: rows.map(({ amount }) => BigInt(amount)),
  })
  const ready = rows
    .map((row) => unpack<EscrowState>(row.body))
    .filter((state) => isSure(state.funding.block, state, heads) || isTerminal(state.state))
  if (ready.length === 0) return []

  return db.transaction().execute(async (tx) => {
    // A registration that comes now would find nothing to do, and this would not see it.
    await holdRegistry(tx)
    await holdLease(tx, lease)
    const entries: Entry[] = []
    const done: string[] = []
    const links = await linksOf(
      tx,
      ready.map(({ id }) => id),
    )
    const fundings = ready.filter(
      (state) => links.has(state.id) && isSure(state.funding.block, state, heads),
    )
    const announced = await announceFundings(tx, fundings)
    for (const state of ready) {
      const link = links.get(state.id)
      const settled = state.ending !== null && isSure(state.ending.place.block, state, heads)
      if (link) {
        const times = announced.get(state.id)
        if (times !== undefined) entries.push(fundedEntry(state, link, times))
        if (settled) await onSettled(tx, { state, link }, entries)
      }
      // An unregistered pact costs nothing until somebody registers it.
      if (!link || settled || state.ending === null) done.push(state.id)
    }
    if (done.length > 0) {
      await tx
        .updateTable('escrow')
        .set({ awaits: false })
        .where(sql<boolean>`escrow_id = any(${done}::text[])`)
        .execute()
    }
    await append(tx, signer, entries)
    return entries.map(({ subject }) => subject)
  })
}

function isSure(block: number, state: EscrowState, heads: Heads): boolean {
  return isFinal({ amount: state.terms.amount, block, heads })
}

/**
 * Notes which of these fundings are announced now, and how often each was with this time; one that was
 * announced before, as a rebuilt index finds it, is left out.
 */
async function announceFundings(
  tx: Tx,
  states: readonly EscrowState[],
): Promise<Map<string, number>> {
  if (states.length === 0) return new Map()
  const ids = states.map(({ id }) => id)
  const hashes = states.map(({ funding }) => funding.blockHash)
  const { rows } = await sql<{ escrow_id: string; times: number }>`
    insert into announcement (escrow_id, block_hash, times, reverted)
    select escrow_id, block_hash, 1, false
    from unnest(${ids}::text[], ${hashes}::text[]) as funding (escrow_id, block_hash)
    on conflict (escrow_id) do update set
      block_hash = excluded.block_hash, times = announcement.times + 1, reverted = false
    where announcement.reverted
    returning escrow_id, times`.execute(tx)
  return new Map(rows.map(({ escrow_id, times }) => [escrow_id, times]))
}

function fundedEntry(state: EscrowState, link: Link, times: number): Entry {
  return {
    action: 'funded',
    subject: state.id,
    tell: tellOf('funded', state.id, link),
    key: `funded/${state.id}/${times}`,
    at: state.fundedAt,
    data: {
      milestone: link.milestone,
      amountUsdc: formatUsdc(state.terms.amount),
      deliverBy: state.clauses.deliverBy,
      block: state.funding.block,
      blockHash: state.funding.blockHash,
      txHash: state.funding.txHash,
    },
  }
}
