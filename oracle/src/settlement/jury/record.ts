import {
  decode,
  EarnestError,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { assertReader } from '../committee/evidence.ts'

/**
 * The jury's record with every prompt and every answer, for those whose papers they quote: the
 * parties, and the committee that hears an appeal, where the pact lets it read (DSP-23).
 * @throws escrow_unknown, signer_not_party, record_unknown
 */
export async function openRecord(
  { db, signer, clock }: Context,
  { escrowId, by }: { escrowId: string; by: string },
): Promise<VerdictRecord> {
  await assertReader(db, escrowId, by)
  const row = await db
    .selectFrom('verdict')
    .select(['record', 'record_hash'])
    .where('escrow_id', '=', escrowId)
    .orderBy('round', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw new EarnestError('record_unknown', 'No verdict was reached')
  const data = { by, recordHash: row.record_hash }
  const at = clock.now()
  await append(db, signer, [{ action: 'record_read', subject: escrowId, at, data }])
  return decode(verdictRecordSchema, JSON.parse(row.record), 'invalid_verdict')
}
