import { createHash, randomBytes } from 'node:crypto'
import {
  canonicalText,
  decode,
  EarnestError,
  encode,
  fromBytes32,
  grantBodySchema,
  MAX_REQUEST_SKEW,
  type Manifest,
  manifestSchema,
  type ReadReceipt,
  readReceiptBodySchema,
  reportSchema,
  type SignedGrant,
  type SignedRequest,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { readEscrow } from '../escrow/fold.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { locateFiles } from './artifact.ts'
import type { Blobs } from './blob.ts'
import { assertReader } from './committee/evidence.ts'
import { readCursor } from './notify/cursor.ts'

/** Seconds for which a grant opens a file. */
export const GRANT_LIFETIME = 900

export type Grant = {
  token: string
  expiresAt: number
  file: Manifest[number]
  signed: SignedGrant
}

/**
 * Opens the delivered files: to the seller at any time; to the buyer only once the delivery stands on
 * chain, so that nobody takes the work and withholds the receipt; to the members drawn for the escrow's
 * panel where the pact's `disclosure` lets its committee (design.md sections 3 and 5). Gives beside them what
 * was found in a round that stands on chain.
 * @throws escrow_unknown, signer_not_party, not_delivered
 */
export async function grantFiles(
  { db, signer, clock }: Context,
  { escrowId, by, proof }: { escrowId: string; by: string; proof: SignedRequest | undefined },
): Promise<{ grants: Grant[]; report: VerificationReport | undefined }> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  await assertReader(db, escrowId, by)
  const state = await readEscrow(db, escrowId)
  const delivered = await deliveredManifest(db, escrowId, {
    ...(by !== lock.pact.seller.did && { onChain: state?.artifactHash ?? '' }),
  })
  const located = await locateFiles(db, escrowId, delivered.manifest)
  const now = clock.now()
  const expiresAt = now + GRANT_LIFETIME
  const grants = delivered.manifest.map((file) => {
    const token = randomBytes(32).toString('base64url')
    const body = {
      version: '1' as const,
      grantId: hashToken(token),
      escrowId: escrowId as SignedGrant['escrowId'],
      round: delivered.round,
      ...file,
      oracle: signer.did,
      to: by,
      grantedAt: now,
      expiresAt,
    }
    const wire = encode(grantBodySchema, body, 'invalid_grant')
    const signed = { ...body, signature: signer.sign({ type: 'grant', body: wire }) }
    return { token, expiresAt, file, signed }
  })
  await db.transaction().execute(async (tx) => {
    const request = proof ? canonicalText(proof) : null
    const rows = grants.map(
      ({ token, file }): Row<'grant'> => ({
        token_hash: hashToken(token),
        escrow_id: escrowId,
        round: delivered.round,
        name: file.name,
        mime: file.mime,
        blob_id: located.get(file.name) ?? '',
        did: by,
        granted_at: now,
        expires_at: expiresAt,
        revoked_at: null,
        request,
      }),
    )
    await writeGrants(tx, { rows: JSON.stringify(rows) })
    await append(tx, signer, [
      {
        action: 'artifacts_granted',
        subject: escrowId,
        at: now,
        data: { by, round: delivered.round, files: grants.map(({ file }) => file.sha256) },
      },
    ])
  })
  const { report } = delivered
  const isStanding = report !== null && delivered.round === state?.round
  return {
    grants,
    report: isStanding ? decode(reportSchema, JSON.parse(report), 'invalid_report') : undefined,
  }
}

const writeGrants = statement(
  (_, { rows }: { rows: string }) =>
    sql`insert into "grant" select * from json_populate_recordset(null::"grant", ${rows})`,
)

/**
 * The manifest of a delivery, and its report: of the one on chain for the buyer, else of the latest.
 * @throws not_delivered
 */
async function deliveredManifest(
  db: Db,
  escrowId: string,
  { onChain }: { onChain?: string } = {},
): Promise<{ manifest: Manifest; round: number; report: string | null }> {
  const hash = onChain === undefined ? null : onChain === '' ? '' : fromBytes32(onChain)
  const [row] = await deliveredOf(db, { escrowId, hash })
  if (!row) throw new EarnestError('not_delivered', 'Nothing was delivered on chain yet')
  return {
    manifest: decode(manifestSchema, JSON.parse(row.manifest), 'invalid_manifest'),
    round: row.round,
    report: row.report,
  }
}

const deliveredOf = statement((db, { escrowId, hash }: { escrowId: string; hash: string | null }) =>
  db
    .selectFrom('completion')
    .select(['manifest', 'round', 'report'])
    .where('escrow_id', '=', escrowId)
    .where(sql<boolean>`(${hash}::text is null or artifact_hash = ${hash})`)
    .orderBy('round', 'desc')
    .limit(1),
)

/**
 * Ends every grant that an agent holds for an escrow; only its own, since nobody may take back what another
 * was given to read.
 * @returns how many ended.
 */
export async function revokeGrants(
  { db, signer, clock }: Context,
  { escrowId, by }: { escrowId: string; by: string },
): Promise<number> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const ended = await tx
      .updateTable('grant')
      .set({ revoked_at: now })
      .where('escrow_id', '=', escrowId)
      .where('did', '=', by)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', now)
      .returning('token_hash')
      .execute()
    if (ended.length > 0) {
      const data = { by, grants: ended.map((row) => row.token_hash) }
      await append(tx, signer, [{ action: 'grants_revoked', subject: escrowId, at: now, data }])
    }
    return ended.length
  })
}

/**
 * Signed proof of what was read to its last byte, oldest first, page by page: who reads often must not make
 * the other side's answer long. The reader's own request stands in it once it is too old to be sent again:
 * before, whoever sees it could ask in the reader's name.
 * @throws escrow_unknown, signer_not_party, invalid_request for a cursor that this list never gave
 */
export async function listReads(
  { db, signer, clock }: Context,
  {
    escrowId,
    by,
    limit = 50,
    cursor,
  }: {
    escrowId: string
    by: string
    limit?: number | undefined
    cursor?: string | undefined
  },
): Promise<{ reads: ReadReceipt[]; cursor: string | null }> {
  await assertReader(db, escrowId, by)
  const [readAt, grantId] = readCursor(cursor)
  const rows = await db
    .selectFrom('read_receipt')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple('read_at', 'grant_id'), '>', tuple(readAt, grantId)),
    )
    .orderBy('read_at')
    .orderBy('grant_id')
    .limit(limit)
    .execute()
  const last = rows.length === limit ? rows.at(-1) : undefined
  const reads = rows.map(({ grant_id, escrow_id, did, read_at, request, ...file }) => {
    const asked = request === null ? undefined : (JSON.parse(request) as SignedRequest)
    const isSpent = asked && clock.now() > asked.issuedAt + MAX_REQUEST_SKEW
    const body = {
      version: '1' as const,
      grantId: grant_id,
      escrowId: escrow_id as ReadReceipt['escrowId'],
      ...file,
      oracle: signer.did,
      reader: did,
      readAt: read_at,
      ...(isSpent && { request: asked }),
    }
    const wire = encode(readReceiptBodySchema, body, 'invalid_read_receipt')
    return { ...body, signature: signer.sign({ type: 'read', body: wire }) }
  })
  return { reads, cursor: last ? `${last.read_at}/${last.grant_id}` : null }
}

/**
 * Opens one granted file, logs that it was opened, and keeps what proves that it was read to its end (W-28).
 * @throws grant_unknown, grant_expired, grant_revoked
 */
export async function openGrant(
  { db, signer, clock, blobs }: Context & { blobs: Blobs },
  token: string,
): Promise<{ name: string; mime: string; size: number; bytes: AsyncGenerator<Uint8Array> }> {
  const [row] = await grantOf(db, { hash: hashToken(token) })
  if (!row) throw new EarnestError('grant_unknown', 'No such grant')
  if (row.revoked_at !== null) throw new EarnestError('grant_revoked', 'Its holder ended it')
  const now = clock.now()
  if (now >= row.expires_at) throw new EarnestError('grant_expired', 'Ask for a new grant')
  const { sha256 } = row
  const data = { by: row.did, round: row.round, sha256 }
  await append(db, signer, [{ action: 'artifact_read', subject: row.escrow_id, at: now, data }])
  const { token_hash, blob_id, did, name, mime, size } = row
  const { escrow_id, round, request } = row
  const file = { escrow_id, round, request, name, mime, sha256: sha256 ?? '' }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let sent = 0
    try {
      for await (const part of blobs.read(blob_id)) {
        sent += part.length
        yield part
      }
    } finally {
      // A client that has the last byte may hang up before it is told that there are no more.
      if (sent === size) {
        const read = { grant_id: token_hash, ...file, size, did, read_at: clock.now() }
        await writeRead(db, { rows: JSON.stringify([read]) })
      }
    }
  }
  return { name, mime, size, bytes: bytes() }
}

const grantOf = statement((db, { hash }: { hash: string }) =>
  db
    .selectFrom('grant')
    .innerJoin('blob', 'blob.id', 'grant.blob_id')
    .selectAll('grant')
    .select(['blob.size', 'blob.sha256'])
    .where('token_hash', '=', hash),
)

const writeRead = statement(
  (_, { rows }: { rows: string }) => sql`
    insert into read_receipt select * from json_populate_recordset(null::read_receipt, ${rows})
    on conflict do nothing`,
)

/** Only the hash is stored: a stolen database opens no file. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
