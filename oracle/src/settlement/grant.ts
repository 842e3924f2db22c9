import { createHash, randomBytes } from 'node:crypto'
import {
  decode,
  EarnestError,
  fromBytes32,
  type Manifest,
  manifestSchema,
} from '@earnest/sdk/protocol'
import { readEscrow } from '../escrow/fold.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import { locateFiles } from './artifact.ts'
import type { Blobs } from './blob.ts'

/** Seconds for which a grant opens a file. */
export const GRANT_LIFETIME = 900

export type Grant = { token: string; expiresAt: number; file: Manifest[number] }

/**
 * Opens the delivered files to a party: the seller at any time, the buyer only once the delivery
 * stands on chain, so that nobody takes the work and withholds the receipt (design.md section 3).
 * @throws escrow_unknown, signer_not_party, not_delivered
 */
export async function grantFiles(
  { db, signer, clock }: Context,
  { escrowId, by }: { escrowId: string; by: string },
): Promise<Grant[]> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  const { buyer, seller } = lock.pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'The files are for the parties')
  }
  const state = await readEscrow(db, escrowId)
  const delivered = await deliveredManifest(db, escrowId, {
    ...(by === buyer.did && { onChain: state?.artifactHash ?? '' }),
  })
  const located = await locateFiles(db, escrowId, delivered.manifest)
  const now = clock.now()
  const expiresAt = now + GRANT_LIFETIME
  const grants = delivered.manifest.map((file) => ({
    token: randomBytes(32).toString('base64url'),
    expiresAt,
    file,
  }))
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('grant')
      .values(
        grants.map(({ token, file }) => ({
          token_hash: hashToken(token),
          escrow_id: escrowId,
          round: delivered.round,
          name: file.name,
          mime: file.mime,
          blob_id: located.get(file.name) ?? '',
          did: by,
          expires_at: expiresAt,
        })),
      )
      .execute()
    await append(tx, signer, [
      {
        action: 'artifacts_granted',
        subject: escrowId,
        at: now,
        data: { by, round: delivered.round, files: grants.map(({ file }) => file.sha256) },
      },
    ])
  })
  return grants
}

/**
 * The manifest of a delivery: of the one on chain for the buyer, else of the latest.
 * @throws not_delivered
 */
async function deliveredManifest(
  db: Db,
  escrowId: string,
  { onChain }: { onChain?: string } = {},
): Promise<{ manifest: Manifest; round: number }> {
  let query = db
    .selectFrom('completion')
    .select(['manifest', 'round'])
    .where('escrow_id', '=', escrowId)
    .orderBy('round', 'desc')
    .limit(1)
  if (onChain !== undefined) {
    query = query.where('artifact_hash', '=', onChain === '' ? '' : fromBytes32(onChain))
  }
  const row = await query.executeTakeFirst()
  if (!row) throw new EarnestError('not_delivered', 'Nothing was delivered on chain yet')
  return {
    manifest: decode(manifestSchema, JSON.parse(row.manifest), 'invalid_manifest'),
    round: row.round,
  }
}

/**
 * Opens one granted file and logs that it was read: proof that the buyer has seen it (W-28).
 * @throws grant_unknown, grant_expired
 */
export async function openGrant(
  { db, signer, clock, blobs }: Context & { blobs: Blobs },
  token: string,
): Promise<{ name: string; mime: string; size: number; bytes: AsyncGenerator<Uint8Array> }> {
  const row = await db
    .selectFrom('grant')
    .innerJoin('blob', 'blob.id', 'grant.blob_id')
    .selectAll('grant')
    .select(['blob.size', 'blob.sha256'])
    .where('token_hash', '=', hashToken(token))
    .executeTakeFirst()
  if (!row) throw new EarnestError('grant_unknown', 'No such grant')
  const now = clock.now()
  if (now >= row.expires_at) throw new EarnestError('grant_expired', 'Ask for a new grant')
  await db.transaction().execute((tx) =>
    append(tx, signer, [
      {
        action: 'artifact_read',
        subject: row.escrow_id,
        at: now,
        data: { by: row.did, round: row.round, sha256: row.sha256 },
      },
    ]),
  )
  return { name: row.name, mime: row.mime, size: row.size, bytes: blobs.read(row.blob_id) }
}

/** Only the hash is stored: a stolen database opens no file. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
