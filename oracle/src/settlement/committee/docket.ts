import { type Docket, decodeDocketLog, EMPTY_DOCKET, foldDocket } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { pack, unpack } from '../../store/json.ts'
import type { Db, Tx } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'

/** What arbiter and committee said about an escrow so far. */
export async function readDocket(db: Db | Tx, escrowId: string): Promise<Docket> {
  const row = await db
    .selectFrom('docket')
    .select('body')
    .where('escrow_id', '=', escrowId)
    .executeTakeFirst()
  return row ? unpack<Docket>(row.body) : EMPTY_DOCKET
}

/** Folds an escrow's docket from all its logs and keeps it. */
export async function foldStored(tx: Tx, escrowId: string): Promise<Docket> {
  const rows = await tx
    .selectFrom('docket_log')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .orderBy('block_number')
    .orderBy('log_index')
    .execute()
  const docket = foldDocket(rows.flatMap((row) => logOf(row) ?? []))
  const { stage } = docket
  const body = pack(docket)
  if (rows.length === 0) {
    await tx.deleteFrom('docket').where('escrow_id', '=', escrowId).execute()
    return docket
  }
  await tx
    .insertInto('docket')
    .values({ escrow_id: escrowId, stage, body })
    .onConflict((conflict) => conflict.column('escrow_id').doUpdateSet({ stage, body }))
    .execute()
  return docket
}

/** A kept log, decoded. */
export function logOf(row: Row<'docket_log'>) {
  return decodeDocketLog(JSON.parse(row.raw) as { topics: Hex[]; data: Hex }, row.timestamp)
}
