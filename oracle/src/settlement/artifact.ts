import { EarnestError, type Manifest } from '@earnest/sdk/protocol'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import { type Blob, putBlob, readBlob } from './blob.ts'

/** Bytes that one escrow may hold in all: 1 GiB. */
export const MAX_ESCROW_BYTES = 1024 * 1024 * 1024

/** @throws escrow_unknown, signer_not_party: before a byte of the upload is read. */
export async function assertUploader(db: Db, escrowId: string, did: string): Promise<void> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  if (lock.pact.seller.did !== did) {
    throw new EarnestError('signer_not_party', 'Only the seller uploads')
  }
}

/** Stores a stream; it belongs to nobody until `keepArtifact`. */
export async function storeUpload(
  { db, clock, masterKey }: Context & { masterKey: Uint8Array },
  { source, maxBytes }: { source: AsyncIterable<Uint8Array>; maxBytes: number },
): Promise<Blob> {
  return putBlob({ db, masterKey, source, maxBytes, at: clock.now() })
}

/** Throws an upload away that was refused, unless the same bytes were filed by somebody before. */
export async function dropUpload(db: Db, { id, isNew }: Blob): Promise<void> {
  if (!isNew) return
  await db
    .deleteFrom('blob')
    .where('id', '=', id)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('artifact').select('name').where('blob_id', '=', id))),
    )
    .execute()
}

/**
 * Files an upload under an escrow and a name; another content of the same name stands beside it, so
 * that nothing that was delivered can be replaced.
 * @throws too_large when the escrow holds too much.
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

/** A whole file in memory, for a check that needs all of it. */
export async function readWhole(options: {
  db: Db
  masterKey: Uint8Array
  id: string
}): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of readBlob(options)) parts.push(part)
  return Buffer.concat(parts)
}
