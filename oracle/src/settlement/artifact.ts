import { EarnestError, type Manifest } from '@earnest/sdk/protocol'
import { readEscrow } from '../escrow/fold.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import type { Blob } from './blob.ts'

/** Bytes that one escrow may hold in all: 4 GiB. */
export const MAX_ESCROW_BYTES = 4 * 1024 * 1024 * 1024

/**
 * An upload is for the seller of a locked escrow that takes deliveries; before a byte of it is read.
 * @throws escrow_unknown, signer_not_party, not_funded, wrong_state
 */
export async function assertUploader(db: Db, escrowId: string, did: string): Promise<void> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  if (lock.pact.seller.did !== did) {
    throw new EarnestError('signer_not_party', 'Only the seller uploads')
  }
  const state = await readEscrow(db, escrowId)
  if (!state) throw new EarnestError('not_funded', 'No funds are locked', { retryable: true })
  if (state.state !== 'Funded' && state.state !== 'Negotiating') {
    throw new EarnestError('wrong_state', `The escrow is ${state.state}`, {
      details: { state: state.state },
    })
  }
}

/**
 * Files an upload under an escrow and a name; another content of the same name stands beside it, so
 * that nothing that was delivered can be replaced.
 * @throws too_large when the escrow holds too much, upload_raced when the same bytes were just dropped.
 */
export async function keepArtifact(
  { db, signer, clock }: Context,
  { escrowId, name, blob, by }: { escrowId: string; name: string; blob: Blob; by: string },
): Promise<void> {
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    const held = await tx
      .selectFrom('artifact')
      .select((eb) => eb.fn.coalesce(eb.fn.sum<string>('size'), eb.lit(0)).as('bytes'))
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    if (Number(held.bytes) + blob.size > MAX_ESCROW_BYTES) {
      throw new EarnestError('too_large', 'This escrow holds too many bytes')
    }
    const stored = await tx
      .selectFrom('blob')
      .select('id')
      .where('id', '=', blob.id)
      .where('sha256', '=', blob.sha256)
      .executeTakeFirst()
    if (!stored) throw new EarnestError('upload_raced', 'Upload again', { retryable: true })
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('artifact')
      .values({
        escrow_id: escrowId,
        name,
        sha256: blob.sha256,
        size: blob.size,
        blob_id: blob.id,
        uploaded_by: by,
        uploaded_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return
    await append(tx, signer, [
      {
        action: 'artifact_stored',
        subject: escrowId,
        at: now,
        data: { sha256: blob.sha256, size: blob.size, by },
      },
    ])
  })
}

/**
 * The stored bytes of every file of a manifest, by name.
 * @throws artifact_missing naming what was not uploaded, hash_mismatch naming what was uploaded with other bytes (SET-02).
 */
export async function locateFiles(
  db: Db,
  escrowId: string,
  manifest: Manifest,
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('artifact')
    .select(['name', 'sha256', 'size', 'blob_id'])
    .where('escrow_id', '=', escrowId)
    .execute()
  const located = new Map<string, string>()
  const missing: string[] = []
  const other: string[] = []
  for (const file of manifest) {
    const named = rows.filter((row) => row.name === file.name)
    const row = named.find((one) => one.sha256 === file.sha256 && one.size === file.size)
    if (row) located.set(file.name, row.blob_id)
    else (named.length > 0 ? other : missing).push(file.name)
  }
  if (other.length > 0) {
    throw new EarnestError('hash_mismatch', 'Uploaded bytes differ from the manifest', {
      details: { files: other },
    })
  }
  if (missing.length > 0) {
    throw new EarnestError('artifact_missing', 'The manifest names files that were not uploaded', {
      details: { files: missing },
    })
  }
  return located
}
