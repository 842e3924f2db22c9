import { EarnestError, type Manifest } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { readEscrow } from '../escrow/fold.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { statement } from '../store/statement.ts'
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
    const { id, sha256, size } = blob
    const [filed] = await fileArtifact(tx, { escrowId, name, id, sha256, size, by, now })
    if (!filed?.fits) throw new EarnestError('too_large', 'This escrow holds too many bytes')
    if (!filed.stored) throw new EarnestError('upload_raced', 'Upload again', { retryable: true })
    if (!filed.isNew) return
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

type Filing = {
  escrowId: string
  name: string
  id: string
  sha256: string
  size: number
  by: string
  now: number
}

/** Beside what the escrow holds, and only while the bytes are there: they stay from here to the end of the transaction. */
const fileArtifact = statement(
  (_, { escrowId, name, id, sha256, size, by, now }: Filing) => sql<{
    fits: boolean
    stored: boolean
    isNew: boolean
  }>`
    with held as (
      select coalesce(sum(size), 0) + ${size}::int8 <= ${sql.lit(MAX_ESCROW_BYTES)} as fits
      from artifact where escrow_id = ${escrowId}
    ), stored as (
      select id from blob where id = ${id} and sha256 = ${sha256} for key share
    ), filed as (
      insert into artifact (escrow_id, name, sha256, size, blob_id, uploaded_by, uploaded_at)
      select ${escrowId}::text, ${name}::text, ${sha256}::text, ${size}::int8, stored.id,
        ${by}::text, ${now}::int8
      from stored, held where held.fits
      on conflict do nothing
      returning 1
    )
    select held.fits, exists (select from stored) as stored,
      exists (select from filed) as "isNew"
    from held`,
)

/**
 * The stored bytes of every file of a manifest, by name.
 * @throws artifact_missing naming what was not uploaded, hash_mismatch naming what was uploaded with other bytes (SET-02).
 */
export async function locateFiles(
  db: Db,
  escrowId: string,
  manifest: Manifest,
): Promise<Map<string, string>> {
  const rows = await artifactsOf(db, { escrowId })
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

const artifactsOf = statement((db, { escrowId }: { escrowId: string }) =>
  db
    .selectFrom('artifact')
    .select(['name', 'sha256', 'size', 'blob_id'])
    .where('escrow_id', '=', escrowId),
)
