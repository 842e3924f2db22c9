import {
  type CompletionProof,
  canonicalText,
  completionProofSchema,
  decode,
  deliverTypedData,
  EarnestError,
  encode,
  hashBody,
  hashReport,
  manifestSchema,
  milestoneOf,
  redeliverTypedData,
  reportSchema,
  toBytes32,
  type VerificationReport,
  verifyCompletion,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { type Hex, hexToNumber, size, slice, type TypedDataDefinition, verifyTypedData } from 'viem'
import { resolveKeys } from '../discovery/keys.ts'
import type { Chain } from '../escrow/chain.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findLock, findPact } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { unpack } from '../store/json.ts'
import { enqueue, jobOf } from '../store/queue.ts'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { locateFiles } from './artifact.ts'

export type Completing = Context & { chain: Chain }

/** Seconds that the request has before the queue looks whether it died. */
const CRASH_DELAY = 3

/**
 * Takes a completion proof: everything that can be refused is refused before it is stored (SET-01 to
 * SET-03). The same proof again gives the same row.
 * @throws escrow_unknown, pact_unknown, pact_mismatch, signer_not_party, wrong_audience, hash_mismatch,
 * invalid_seller_signature, artifact_missing, not_funded, funding_not_final, wrong_round, round_taken,
 * invalid_authorization, authorization_expired
 */
export async function takeCompletion(
  context: Completing,
  { proof, by }: { proof: CompletionProof; by: string },
): Promise<Row<'completion'>> {
  const { db, signer, clock } = context
  const now = clock.now()
  const { escrowId, pactId, round } = proof
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
  if (lock.pactId !== pactId) {
    if (!(await findPact(db, pactId))) throw new EarnestError('pact_unknown', 'No such pact')
    throw new EarnestError('pact_mismatch', 'Another pact derives this escrow')
  }
  const { seller, buyer } = lock.pact
  if (by !== seller.did || proof.seller !== seller.did) {
    throw new EarnestError('signer_not_party', 'Only the seller completes')
  }
  if (proof.audience !== signer.did) {
    throw new EarnestError('wrong_audience', 'This proof is for another oracle')
  }
  verifyCompletion(proof, { now, keyOf: await resolveKeys(db, [seller.did]) })
  const text = canonicalText(encode(completionProofSchema, proof, 'invalid_completion'))
  const { known, funding } = await readRound(db, escrowId, round)
  if (known && hashBody(JSON.parse(known.proof)) === hashBody(JSON.parse(text))) return known
  if (known && !(await isRenewal(db, { known, proof }))) {
    throw new EarnestError('round_taken', 'This round has a completion')
  }
  const state = assertFunded(funding)
  if (round !== state.round + 1) {
    throw new EarnestError('wrong_round', 'This delivery opens another round', {
      details: { got: round, want: state.round + 1 },
    })
  }
  await locateFiles(db, escrowId, proof.manifest)
  await assertAuthorization(context, { proof, state })
  if (known) return renew(db, { known, text })

  const row = {
    escrow_id: escrowId,
    round,
    pact_id: pactId,
    artifact_hash: proof.deliverableHash,
    manifest: canonicalText(encode(manifestSchema, proof.manifest, 'invalid_manifest')),
    proof: text,
    received_at: now,
  }
  return db.transaction().execute(async (tx) => {
    // Whoever hands it in is answered by a check of its own; the queue is for the crash in between.
    const work = { key: `${escrowId}/${round}`, payload: JSON.stringify({ escrowId, round }) }
    const [written] = await writeCompletion(tx, { ...row, ...work, delaySeconds: CRASH_DELAY })
    if (!written) throw new EarnestError('round_taken', 'This round has a completion')
    await append(tx, signer, [
      {
        action: 'completion_received',
        subject: escrowId,
        at: now,
        data: { round, artifactHash: proof.deliverableHash },
        tell: {
          type: 'completion_received',
          agents: [buyer.did, seller.did],
          pactId,
          escrowId,
        },
      },
    ])
    return written
  })
}

type Writing = Pick<
  Row<'completion'>,
  'escrow_id' | 'round' | 'pact_id' | 'artifact_hash' | 'manifest' | 'proof' | 'received_at'
> & { key: string; payload: string; delaySeconds: number }

const writeCompletion = statement((db, row: Writing) =>
  db
    .with('queued', (db) =>
      jobOf(db, {
        queue: 'complete',
        key: row.key,
        payload: row.payload,
        delaySeconds: row.delaySeconds,
      }),
    )
    .insertInto('completion')
    .values({
      escrow_id: row.escrow_id,
      round: row.round,
      pact_id: row.pact_id,
      artifact_hash: row.artifact_hash,
      manifest: row.manifest,
      proof: row.proof,
      received_at: row.received_at,
      status: 'received',
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll(),
)

/** The same delivery under a new authorization, because the chain refused the last one. */
async function isRenewal(
  db: Db,
  { known, proof }: { known: Row<'completion'>; proof: CompletionProof },
): Promise<boolean> {
  if (known.artifact_hash !== proof.deliverableHash || known.status !== 'submitted') return false
  const last = await db
    .selectFrom('submission')
    .select(['status', 'tries'])
    .where('key', '=', submissionKey(known))
    .executeTakeFirst()
  if (last?.status === 'queued') return last.tries > 0
  return last !== undefined && ['failed', 'reverted', 'parked'].includes(last.status)
}

async function renew(
  db: Db,
  { known, text }: { known: Row<'completion'>; text: string },
): Promise<Row<'completion'>> {
  const { escrow_id: escrowId, round } = known
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('completion')
      .set({ proof: text, status: 'verified' })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .execute()
    const work = { queue: 'complete', key: `${escrowId}/${round}`, payload: { escrowId, round } }
    await enqueue(tx, { ...work, delaySeconds: CRASH_DELAY })
  })
  return { ...known, proof: text, status: 'verified' }
}

/** The key under which a completion's call is submitted: one for each authorization of the seller. */
export function submissionKey(
  row: Pick<Row<'completion'>, 'escrow_id' | 'round' | 'proof'>,
): string {
  return `complete/${row.escrow_id}/${row.round}/${hashBody(JSON.parse(row.proof)).slice(0, 16)}`
}

/** The transaction of a call that was written down before; its hash is null until it is sent. */
export async function findSubmission(
  db: Db,
  key: string,
): Promise<Pick<Row<'submission'>, 'tx_hash'> | undefined> {
  return db.selectFrom('submission').select('tx_hash').where('key', '=', key).executeTakeFirst()
}

/** The completion of a round; undefined where none was handed in. */
export async function readCompletion(
  db: Db | Tx,
  escrowId: string,
  round: number,
): Promise<Row<'completion'> | undefined> {
  return (await completionOf(db, { escrowId, round }))[0]
}

const completionOf = statement(
  (db, { escrowId, round }: Pick<CompletionProof, 'round'> & { escrowId: string }) =>
    db
      .selectFrom('completion')
      .selectAll()
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round),
)

/** The proof of a stored completion. */
export function proofOf(row: Row<'completion'>): CompletionProof {
  return decode(completionProofSchema, JSON.parse(row.proof), 'invalid_completion')
}

/**
 * Writes a report down before any attestor signs: one result for an escrow and round, for ever. Where
 * one was written before, that one stands.
 * @returns the completion with the report that stands.
 */
export async function logReport(
  { db, signer, clock }: Context,
  { report }: { report: VerificationReport },
): Promise<Row<'completion'>> {
  const reportHash = hashReport(report)
  const { escrowId, round, result } = report
  const now = clock.now()
  const text = canonicalText(encode(reportSchema, report, 'invalid_report'))
  return db.transaction().execute(async (tx) => {
    const { artifactHash } = report
    const logging = { escrowId, round, result, artifactHash, report: text, reportHash, now }
    const [logged] = await writeReport(tx, logging)
    if (!logged) {
      const before = await readCompletion(tx, escrowId, round)
      if (before) return before
      throw new EarnestError('completion_unknown', 'No such completion')
    }
    await append(tx, signer, [
      {
        action: 'verified',
        subject: escrowId,
        at: now,
        key: `verified/${escrowId}/${round}`,
        data: { round, result, reportHash, artifactHash: report.artifactHash },
      },
    ])
    return logged
  })
}

type Logging = {
  escrowId: string
  round: number
  result: string
  artifactHash: string
  report: string
  reportHash: string
  now: number
}

/** The first report of a round with its result, if it has one; whose turn it was to check has done it. */
const writeReport = statement(
  (_, { escrowId, round, result, artifactHash, report, reportHash, now }: Logging) =>
    sql<Row<'completion'>>`
    with logged as (
      update completion set
        status = 'verified', result = ${result}, report = ${report}, report_hash = ${reportHash},
        check_token = null, checked_until = null
      where escrow_id = ${escrowId} and round = ${round} and report_hash is null
      returning *
    ), attested as (
      insert into attestation (escrow_id, round, result, artifact_hash, report_hash, logged_at)
      select escrow_id, round, result, ${artifactHash}::text, report_hash, ${now}::int8 from logged
      where result <> 'UNDECIDED'
    )
    select * from logged`,
)

/** Notes why a completion goes no further. */
export async function closeCompletion(
  db: Db,
  {
    escrowId,
    round,
    status,
    error,
  }: {
    escrowId: string
    round: number
    status: 'submitted' | 'refused' | 'checked'
    error?: string
  },
): Promise<void> {
  await db
    .updateTable('completion')
    .set({ status, error: error ?? null })
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .execute()
}

/** True when a delivery received at `at` comes too late for the chain (SET-05). */
export function isLate(
  lock: { pact: Parameters<typeof milestoneOf>[0]; milestone: number },
  at: number,
): boolean {
  return at >= milestoneOf(lock.pact, lock.milestone).deadlineUtc
}

type Funding = { body: string; reverted: boolean | null }

/** How an escrow was funded, and what was handed in for a round of it. */
async function readRound(
  db: Db,
  escrowId: string,
  round: number,
): Promise<{ known: Row<'completion'> | undefined; funding: Funding | undefined }> {
  const [found] = await fundingOf(db, { escrowId, round })
  const known = found?.isKnown ? await readCompletion(db, escrowId, round) : undefined
  return { known, funding: found?.body ? { ...found, body: found.body } : undefined }
}

const fundingOf = statement(
  (_, { escrowId, round }: { escrowId: string; round: number }) => sql<{
    body: string | null
    reverted: boolean | null
    isKnown: boolean
  }>`
    select
      (select body from escrow where escrow_id = ${escrowId}) as body,
      (select reverted from announcement where escrow_id = ${escrowId}) as reverted,
      exists (
        select from completion where escrow_id = ${escrowId} and round = ${round}
      ) as "isKnown"`,
)

/** No receipt is signed before the funding is confirmed. */
function assertFunded(found: Funding | undefined): EscrowState {
  if (!found) throw new EarnestError('not_funded', 'No funds are locked', { retryable: true })
  const state = unpack<EscrowState>(found.body)
  // While the parties negotiate, a redelivery is checked before the buyer signs for it.
  if (state.state !== 'Funded' && state.state !== 'Negotiating') {
    throw new EarnestError('wrong_state', `The escrow is ${state.state}`, {
      details: { state: state.state },
    })
  }
  // Announced, and not taken back since.
  if (found.reverted !== false) {
    throw new EarnestError('funding_not_final', 'The chain may still take the funding back', {
      retryable: true,
    })
  }
  return state
}

/** The wallet's consent is checked now, not when a transaction fails. */
async function assertAuthorization(
  { chain, clock }: Completing,
  { proof, state }: { proof: CompletionProof; state: EscrowState },
): Promise<void> {
  const { authorization, reserve } = proof.sellerAuthorization
  if (size(authorization) < 6 + 64) {
    throw new EarnestError('invalid_authorization', 'Want validBefore and a signature')
  }
  const validBefore = hexToNumber(slice(authorization, 0, 6))
  if (validBefore <= clock.now()) {
    throw new EarnestError('authorization_expired', 'Sign the delivery again')
  }
  const consent = {
    chainId: chain.chainId,
    contract: chain.escrow,
    escrowId: proof.escrowId,
    actor: state.terms.seller,
    seq: BigInt(state.seq),
    validBefore: BigInt(validBefore),
    artifactHash: toBytes32(proof.deliverableHash),
  }
  const typedData: TypedDataDefinition =
    state.state === 'Negotiating'
      ? redeliverTypedData(consent)
      : deliverTypedData({ ...consent, reserve })
  const signature = slice(authorization, 6) as Hex
  const question = { address: state.terms.seller, signature, ...typedData }
  const plain = await verifyTypedData(question).catch(() => false)
  // A smart wallet answers on chain (ERC-1271).
  if (plain || (await chain.client.verifyTypedData(question).catch(() => false))) return
  throw new EarnestError('invalid_authorization', 'The seller wallet did not sign this delivery', {
    details: { seq: state.seq },
  })
}
