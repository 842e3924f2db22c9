import type { Db } from '../store/store.ts'

/** Spot checks that an answer tells. */
const SHOWN = 20

/** What the latest spot checks of a seller's work found, the newest first. */
export async function spotChecksOf(db: Db, seller: string) {
  const rows = await db
    .selectFrom('spot_check')
    .select([
      'escrow_id',
      'round',
      'status',
      'code',
      'quality_bps',
      'poor',
      'withdrawn',
      'drawn_at',
    ])
    .where('seller_did', '=', seller)
    .orderBy('drawn_at', 'desc')
    .orderBy('escrow_id')
    .limit(SHOWN)
    .execute()
  return rows.map((row) => ({
    escrowId: row.escrow_id,
    round: row.round,
    at: row.drawn_at,
    status: row.status,
    code: row.code,
    qualityBps: row.quality_bps,
    poor: row.poor && !row.withdrawn,
  }))
}
