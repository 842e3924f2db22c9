import { EarnestError, type JsonValue } from '@earnest/sdk/protocol'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import type { Db } from '../../store/store.ts'
import { readDocket } from './docket.ts'
import { isDrawn } from './record.ts'

/** Reads a kept blob by its hash. */
export type ReadPaper = (sha256: string) => Promise<Uint8Array>

/**
 * Who may read what a tribunal reads: the parties, and the members drawn for it where the pact lets
 * its committee. @throws escrow_unknown, signer_not_party
 */
export async function assertReader(db: Db, escrowId: string, by: string): Promise<void> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  const { buyer, seller, disclosure } = lock.pact
  if (by === buyer.did || by === seller.did) return
  if (disclosure.committee && (await isMember(db, escrowId, by))) return
  throw new EarnestError('signer_not_party', 'The papers are for the parties and their tribunal')
}

/** True for an agent whose wallet was drawn for the escrow's latest panel. */
async function isMember(db: Db, escrowId: string, did: string): Promise<boolean> {
  const agent = await db
    .selectFrom('agent')
    .select('wallet')
    .where('did', '=', did)
    .executeTakeFirst()
  return agent !== undefined && isDrawn(await readDocket(db, escrowId), agent.wallet)
}

/**
 * The evidence package of the latest disputed round, and on record that it was read.
 * @throws escrow_unknown, signer_not_party, dispute_unknown
 */
export async function openPackage(
  { db, signer, clock, readPaper }: Context & { readPaper: ReadPaper },
  { escrowId, by }: { escrowId: string; by: string },
): Promise<{ packageHash: string; package: JsonValue }> {
  await assertReader(db, escrowId, by)
  const row = await db
    .selectFrom('dispute')
    .select(['package_hash', 'round'])
    .where('escrow_id', '=', escrowId)
    .where('package_hash', 'is not', null)
    .orderBy('round', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row?.package_hash) throw new EarnestError('dispute_unknown', 'No package was assembled')
  const bytes = await readPaper(row.package_hash)
  const data = { by, round: row.round, packageHash: row.package_hash }
  const at = clock.now()
  await append(db, signer, [{ action: 'package_read', subject: escrowId, at, data }])
  return {
    packageHash: row.package_hash,
    package: JSON.parse(new TextDecoder().decode(bytes)) as JsonValue,
  }
}
