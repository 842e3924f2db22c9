import {
  attestationSchema,
  decode,
  type EscrowState,
  escrowStateSchema,
  type Settlement,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Db } from '../store/store.ts'

/** Trades that a plot shows at most: the latest. */
const SHOWN = 1000

/** A trade that ended, with the capability that was sold. */
export type Ended = Settlement & { capability: string; counts: boolean }

/** The trades of an agent that ended, the latest first. */
export async function endedTrades(
  db: Db,
  { did, role }: { did: string; role: 'seller' | 'buyer' },
): Promise<Ended[]> {
  const rows = await db
    .selectFrom('settlement')
    .select(['receipt', 'capability', 'counts'])
    .where(role === 'seller' ? 'seller_did' : 'buyer_did', '=', did)
    .orderBy('seq', 'desc')
    .limit(SHOWN)
    .execute()
  return rows.map(({ receipt, capability, counts }) => ({
    ...decode(attestationSchema, JSON.parse(receipt), 'invalid_settlement').settlement,
    capability,
    counts,
  }))
}

/** A trade as a line of a list. */
export type Line = {
  escrowId: string
  state: EscrowState
  amount: bigint
  capability: string
  seller: string
  buyer: string
  /** Name of the seller as it registered; null where it did not. */
  sellerName: string | null
  fundedAt: number
}

/** The latest funded trades, of everybody or of one agent. */
export async function latestTrades(
  db: Db,
  { limit, before, did }: { limit: number; before?: number | undefined; did?: string },
): Promise<Line[]> {
  let query = db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .leftJoin('agent', 'agent.did', 'pact.seller_did')
    .select([
      'escrow.escrow_id',
      'escrow.state',
      'escrow.amount',
      'escrow.funded_at',
      'pact.capability',
      'pact.seller_did',
      'pact.buyer_did',
      'agent.registration',
    ])
    .orderBy('escrow.funded_at', 'desc')
    .orderBy('escrow.escrow_id')
    .limit(limit)
  if (before !== undefined) query = query.where('escrow.funded_at', '<', before)
  if (did !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('pact.seller_did', '=', did), eb('pact.buyer_did', '=', did)]),
    )
  }
  return (await query.execute()).map((row) => ({
    escrowId: row.escrow_id,
    state: escrowStateSchema.parse(row.state),
    amount: BigInt(row.amount),
    capability: row.capability,
    seller: row.seller_did,
    buyer: row.buyer_did,
    sellerName: row.registration ? nameOf(row.registration) : null,
    fundedAt: row.funded_at,
  }))
}

/** Names of registered agents by DID. */
export async function namesOf(db: Db, dids: readonly string[]): Promise<Map<string, string>> {
  if (dids.length === 0) return new Map()
  const rows = await db
    .selectFrom('agent')
    .select(['did', 'registration'])
    .where('did', 'in', [...dids])
    .execute()
  return new Map(rows.map(({ did, registration }) => [did, nameOf(registration)]))
}

/** Every capability that an active agent sells, the most offered first. */
export async function listCapabilities(db: Db): Promise<{ id: string; agents: number }[]> {
  const { rows } = await sql<{ id: string; agents: number }>`
    select capability as id, count(*)::int as agents
    from agent, unnest(capabilities) as capability
    where status = 'active' group by capability order by agents desc, id limit 200
  `.execute(db)
  return rows
}

/** What was ever settled here: how many trades, and base units. */
export async function totals(
  db: Db,
): Promise<{ agents: number; open: number; settled: number; locked: bigint; paid: bigint }> {
  const { rows } = await sql<{
    agents: number
    open: number
    settled: number
    locked: string
    paid: string
  }>`
    select
      (select count(*)::int from agent where status = 'active') as agents,
      (select count(*)::int from settlement) as settled,
      count(*) filter (where live)::int as open,
      coalesce(sum(amount) filter (where live), 0)::text as locked,
      coalesce(sum(amount) filter (where not live), 0)::text as paid
    from (
      select escrow.amount::numeric as amount,
        escrow.state in ('Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration') as live
      from escrow join lock using (escrow_id)
      where escrow.state not in ('None', 'Amended')
    ) as trades
  `.execute(db)
  const [row] = rows
  return {
    agents: row?.agents ?? 0,
    open: row?.open ?? 0,
    settled: row?.settled ?? 0,
    locked: BigInt(row?.locked ?? 0),
    paid: BigInt(row?.paid ?? 0),
  }
}

function nameOf(registration: string): string {
  return (JSON.parse(registration) as { name: string }).name
}
