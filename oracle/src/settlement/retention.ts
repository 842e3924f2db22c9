import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Blobs } from './blob.ts'

/**
 * Seconds for which files are kept after the end of their escrow, or after nobody funded it: four times
 * the longest window that the contract knows, so that every dispute, claim and appeal has its evidence.
 */
export const RETENTION = 120 * 86_400
/** Seconds after which an upload that nobody filed is thrown away. */
const UPLOAD_LIFETIME = 86_400
/** What one sweep takes at most; the next one goes on. */
const BATCH = 50

/**
 * Throws away what can serve nobody any more: files of escrows that ended long ago, uploads that were
 * never filed, grants that ran out. Hashes, receipts and the journal stay for ever.
 * @returns how many blobs went.
 */
export async function sweepBlobs({
  db,
  signer,
  clock,
  blobs,
}: Context & { blobs: Blobs }): Promise<number> {
  const now = clock.now()
  // For a day a grant that ran out is still told from one that never was.
  await db
    .deleteFrom('grant')
    .where('expires_at', '<', now - UPLOAD_LIFETIME)
    .execute()
  let gone = 0
  for (const escrowId of await endedBefore({ db }, now - RETENTION)) {
    const held = await db.transaction().execute(async (tx) => {
      await tx.deleteFrom('grant').where('escrow_id', '=', escrowId).execute()
      const files = await tx
        .deleteFrom('artifact')
        .where('escrow_id', '=', escrowId)
        .returning(['blob_id', 'sha256'])
        .execute()
      const papers = await tx
        .deleteFrom('paper')
        .where('escrow_id', '=', escrowId)
        .returning(['blob_id', 'sha256'])
        .execute()
      const forgotten = [...files, ...papers]
      await append(tx, signer, [
        {
          action: 'files_forgotten',
          subject: escrowId,
          at: now,
          data: { sha256: forgotten.map(({ sha256 }) => sha256) },
        },
      ])
      return forgotten
    })
    for (const { blob_id } of held) gone += (await blobs.drop(blob_id)) ? 1 : 0
  }
  gone += await sweepDeposits({ db, blobs }, now - RETENTION)
  const stale = await db
    .selectFrom('blob')
    .select('id')
    .where('created_at', '<', now - UPLOAD_LIFETIME)
    .where((eb) =>
      eb.not(
        eb.or([
          eb.exists(eb.selectFrom('artifact').select('name').whereRef('blob_id', '=', 'blob.id')),
          eb.exists(eb.selectFrom('deposit').select('sha256').whereRef('blob_id', '=', 'blob.id')),
          eb.exists(eb.selectFrom('paper').select('sha256').whereRef('blob_id', '=', 'blob.id')),
        ]),
      ),
    )
    .limit(BATCH)
    .execute()
  for (const { id } of stale) gone += (await blobs.drop(id)) ? 1 : 0
  return gone
}

/** Escrows that still hold files and that ended, or could last be funded, before an instant. */
async function endedBefore({ db }: Pick<Context, 'db'>, before: number): Promise<string[]> {
  const rows = await db
    .selectFrom('lock')
    .leftJoin('settlement', 'settlement.escrow_id', 'lock.escrow_id')
    .leftJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
    .select('lock.escrow_id')
    .where((eb) =>
      eb.or([
        eb('settlement.settled_at', '<', before),
        eb.and([eb('escrow.escrow_id', 'is', null), eb('lock.fund_by', '<', before)]),
      ]),
    )
    .where((eb) =>
      eb.or([
        eb.exists(
          eb
            .selectFrom('artifact')
            .select('name')
            .whereRef('artifact.escrow_id', '=', 'lock.escrow_id'),
        ),
        eb.exists(
          eb
            .selectFrom('paper')
            .select('sha256')
            .whereRef('paper.escrow_id', '=', 'lock.escrow_id'),
        ),
      ]),
    )
    .limit(BATCH)
    .execute()
  return rows.map((row) => row.escrow_id)
}

/** A deposit goes when every milestone of its pact has gone. */
async function sweepDeposits(
  { db, blobs }: Pick<Context, 'db'> & { blobs: Blobs },
  before: number,
): Promise<number> {
  const rows = await db
    .selectFrom('deposit')
    .select(['pact_id', 'sha256', 'blob_id'])
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('lock')
            .leftJoin('settlement', 'settlement.escrow_id', 'lock.escrow_id')
            .leftJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
            .select('lock.escrow_id')
            .whereRef('lock.pact_id', '=', 'deposit.pact_id')
            .where((inner) =>
              inner.or([
                inner('settlement.settled_at', '>=', before),
                inner.and([
                  inner('settlement.settled_at', 'is', null),
                  inner('escrow.escrow_id', 'is not', null),
                ]),
                inner.and([
                  inner('escrow.escrow_id', 'is', null),
                  inner('lock.fund_by', '>=', before),
                ]),
              ]),
            ),
        ),
      ),
    )
    .limit(BATCH)
    .execute()
  let gone = 0
  for (const { pact_id, sha256, blob_id } of rows) {
    await db
      .deleteFrom('deposit')
      .where('pact_id', '=', pact_id)
      .where('sha256', '=', sha256)
      .execute()
    gone += (await blobs.drop(blob_id)) ? 1 : 0
  }
  return gone
}
