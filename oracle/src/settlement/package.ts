import { canonicalText, EarnestError, encode, hashBody, pactSchema } from '@earnest/sdk/protocol'
import { linkOf, readEscrow, tellOf } from '../escrow/fold.ts'
import { findPact } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Blobs } from './blob.ts'
import { openDispute, readClaims } from './case.ts'
import { excerptsOf } from './excerpt.ts'
import { keepPaper } from './paper.ts'

/**
 * Assembles what a tribunal gets: the same bytes for every judge, stored under their hash (DSP-06).
 * The pact in it hashes to what stands on chain; anything else is refused (ESC-11).
 * @throws pact_unknown, pact_mismatch
 */
export async function assemblePackage(
  { db, signer, clock, blobs }: Context & { blobs: Blobs },
  { escrowId, round }: { escrowId: `0x${string}`; round: number },
): Promise<string | undefined> {
  const judged = await judgedRound(db, { escrowId, round })
  if (!judged) return undefined
  const { delivery, link } = judged
  const now = clock.now()
  await db
    .transaction()
    .execute((tx) => openDispute(tx, { escrow_id: escrowId, round, opened_at: now }))
  const dispute = await db
    .selectFrom('dispute')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirstOrThrow()
  const evidence = await db
    .selectFrom('evidence')
    .select(['sha256', 'submitted_by', 'content', 'verified', 'at'])
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .orderBy('at')
    .orderBy('sha256')
    .execute()
  const body = {
    ...delivery,
    claims: (await readClaims(db, escrowId, round)).map((row) => parse(row.claim)),
    defence: parse(dispute.defence),
    // Of a delivered file what lies here is shown, never what somebody says lies here.
    excerpts: await excerptsOf({ db, blobs }, { escrowId, evidence }),
    evidence: evidence.map((row) => ({
      sha256: row.sha256,
      submittedBy: row.submitted_by,
      at: row.at,
      verified: row.verified,
      content: parse(row.content),
    })),
  }
  const bytes = new TextEncoder().encode(canonicalText(body))
  const packageHash = hashBody(body)
  await keepPaper({ db, blobs, clock }, { escrowId, kind: 'package', bytes })
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('dispute')
      .set({ package_hash: packageHash })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .execute()
    await append(tx, signer, [
      {
        action: 'package_assembled',
        subject: escrowId,
        at: now,
        key: `package/${escrowId}/${round}/${packageHash}`,
        data: { round, packageHash, agents: tellOf('disputed', escrowId, link).agents },
      },
    ])
  })
  return packageHash
}

const parse = (text: string | null | undefined): unknown => (text ? JSON.parse(text) : null)

/**
 * The pact, the delivery and the report of an escrow's current round, as every tribunal gets them;
 * undefined where another round has followed. @throws pact_unknown, pact_mismatch
 */
export async function judgedRound(
  db: Db | Tx,
  { escrowId, round }: { escrowId: `0x${string}`; round: number },
) {
  const state = await readEscrow(db, escrowId)
  const link = await linkOf(db, escrowId)
  const found = link && (await findPact(db, link.pactId))
  if (!state || !link || !found) throw new EarnestError('pact_unknown', 'No pact to judge by')
  if (state.round !== round) return undefined
  const pact = encode(pactSchema, found.signed.pact, 'invalid_pact')
  if (`0x${hashBody(pact)}` !== state.terms.pactHash) {
    throw new EarnestError('pact_mismatch', 'The chain names another pact')
  }
  const completion = await db
    .selectFrom('completion')
    .select(['manifest', 'report'])
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  const delivery = {
    version: '1',
    escrowId,
    round,
    pact,
    artifactHash: state.artifactHash,
    deliveredAt: state.deliveredAt,
    manifest: parse(completion?.manifest),
    report: parse(completion?.report),
  }
  return { state, link, pact: found.signed.pact, delivery }
}
