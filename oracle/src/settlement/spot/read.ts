import {
  decode,
  redactVerdict,
  type SpotCheck,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import type { Db } from '../../store/store.ts'

/** The rounds of an escrow that were drawn, with draw and result; the judges' texts are left out. */
export async function listSpotChecks(db: Db, escrowId: string): Promise<SpotCheck[]> {
  const rows = await db
    .selectFrom('spot_check')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .orderBy('round')
    .execute()
  return rows.map((row) => ({
    escrowId: row.escrow_id as `0x${string}`,
    round: row.round,
    draw: row.draw,
    rateBps: row.rate_bps,
    table: row.rate_table,
    seedBlock: row.seed_block,
    seedHash: row.seed_hash as `0x${string}`,
    drawnAt: row.drawn_at,
    status: row.status,
    code: row.code,
    qualityBps: row.quality_bps,
    poor: row.poor && !row.withdrawn,
    decidedAt: row.decided_at,
    recordHash: row.record_hash,
    record: row.record === null ? null : redactVerdict(recordOf(row.record)),
  }))
}

/** What the judges wrote about one round, for its parties; undefined where they did not sit. */
export async function spotRecord(
  db: Db,
  { escrowId, round }: { escrowId: string; round: number },
): Promise<VerdictRecord | undefined> {
  const row = await db
    .selectFrom('spot_check')
    .select('record')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  return row?.record ? recordOf(row.record) : undefined
}

function recordOf(text: string): VerdictRecord {
  return decode(verdictRecordSchema, JSON.parse(text), 'invalid_verdict')
}
