import type { Context } from '../store/context.ts'
import type { Blob, Blobs } from './blob.ts'

/** Bytes of the oracle's own making that a hash on record names: a jury's package, recorded HTTP answers. */
export type PaperKind = 'package' | 'transcript' | 'spot'

/** Keeps a paper under its hash for as long as its escrow's files are kept. */
export async function keepPaper(
  { db, blobs, clock }: Pick<Context, 'db' | 'clock'> & { blobs: Blobs },
  { escrowId, kind, bytes }: { escrowId: string; kind: PaperKind; bytes: Uint8Array },
): Promise<Blob> {
  const at = clock.now()
  const source = (async function* () {
    yield bytes
  })()
  const blob = await blobs.put({ source, maxBytes: bytes.length, at })
  await db
    .insertInto('paper')
    .values({ escrow_id: escrowId, sha256: blob.sha256, blob_id: blob.id, kind, kept_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return blob
}
