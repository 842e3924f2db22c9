import { hashBytes } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import type { Row } from '../store/tables.ts'
import type { Blobs } from './blob.ts'

/** Bytes of a file that are read for a tribunal; of a longer one the judges see what the delivery shows. */
const MAX_FILE = 256 * 1024

/**
 * The text of each delivered file that a verified piece of evidence points at, out of the oracle's own
 * copy and hashed anew; files that are no text or too long are left out.
 */
export async function excerptsOf(
  { db, blobs }: Pick<Context, 'db'> & { blobs: Blobs },
  {
    escrowId,
    evidence,
  }: {
    escrowId: string
    evidence: readonly Pick<Row<'evidence'>, 'sha256' | 'verified' | 'content'>[]
  },
): Promise<{ sha256: string; text: string }[]> {
  const named = evidence.filter(({ verified, content }) => verified && isDeliverable(content))
  const excerpts: { sha256: string; text: string }[] = []
  for (const sha256 of [...new Set(named.map((piece) => piece.sha256))].sort()) {
    const file = await db
      .selectFrom('artifact')
      .select(['blob_id', 'size'])
      .where('escrow_id', '=', escrowId)
      .where('sha256', '=', sha256)
      .executeTakeFirst()
    if (!file || file.size > MAX_FILE) continue
    const bytes = await blobs.readWhole(file.blob_id)
    const text = hashBytes(bytes) === sha256 ? textOf(bytes) : undefined
    if (text !== undefined) excerpts.push({ sha256, text })
  }
  return excerpts
}

function isDeliverable(content: string): boolean {
  return (JSON.parse(content) as { type?: unknown }).type === 'deliverable'
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
