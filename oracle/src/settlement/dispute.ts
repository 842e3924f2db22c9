import {
  type Claim,
  canonicalText,
  claimSchema,
  type Defence,
  type DisputeRecord,
  decode,
  defenceSchema,
  EarnestError,
  type Evidence,
  encode,
  fromBytes32,
  hashBody,
  hashClaim,
  hashDefence,
  isTerminal,
  manifestSchema,
  redactVerdict,
  type Submission,
  signedClaimSchema,
  signedDefenceSchema,
  submissionSchema,
  type VerdictRecord,
  verdictRecordSchema,
  verifyBody,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import { readEscrow, tellOf } from '../escrow/fold.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow, Row } from '../store/tables.ts'

type Signed<T> = { body: T; signature: string }

type Case = {
  state: EscrowState
  pactId: string
  milestone: number
  buyer: string
  seller: string
}

/**
 * Files a claim: the paper whose hash the party disputes with on chain. Only a party, only while the
 * window of a delivery runs, one claim for a round (DSP-01 to DSP-03).
 * @throws escrow_unknown, pact_mismatch, signer_not_party, invalid_claim_signature, wrong_state,
 * wrong_round, review_window_over, dispute_exists
 */
export async function fileClaim(
  context: Context,
  { claim, by }: { claim: Signed<Claim>; by: string },
): Promise<DisputeRecord> {
  const { db, signer, clock } = context
  const { body, signature } = claim
  const found = await findCase(db, body.escrowId, body.pactId)
  assertParty(found, body.disputedBy, by)
  const now = clock.now()
  const wire = encode(claimSchema, body, 'invalid_claim')
  const keyOf = await resolveKeys(db, [by])
  const publicKey = keyOf(by, now)
  if (!verifyBody({ type: 'claim', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_claim_signature', 'Not signed by the disputer')
  }
  const claimHash = hashClaim(body)
  const { state } = found
  const before = await readDispute(db, body.escrowId, body.round)
  if (before?.claim_hash === claimHash) return disputeRecord(db, body.escrowId)
  if (body.round !== state.round) {
    throw new EarnestError('wrong_round', `The escrow is in round ${state.round}`)
  }
  const onChain = state.claimHash !== null && fromBytes32(state.claimHash) === claimHash
  if (!onChain) {
    if (state.state !== 'Delivered' && state.state !== 'Arbitration') {
      throw new EarnestError('wrong_state', `The escrow is ${state.state}`)
    }
    if (now >= state.timerEnd) {
      throw new EarnestError('review_window_over', 'The window for a dispute has run out')
    }
  }
  if (before?.claim) throw new EarnestError('dispute_exists', 'This round has a claim')

  await db.transaction().execute(async (tx) => {
    const row = {
      claim: canonicalText(encode(signedClaimSchema, { body, signature }, 'invalid_claim')),
      claim_hash: claimHash,
    }
    await openDispute(tx, { escrow_id: body.escrowId, round: body.round, opened_at: now, ...row })
    await tx
      .updateTable('dispute')
      .set(row)
      .where('escrow_id', '=', body.escrowId)
      .where('round', '=', body.round)
      .execute()
    await keepEvidence(tx, { found, by, evidence: body.evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'claim_filed',
        subject: body.escrowId,
        at: now,
        data: { by, round: body.round, reason: body.reason, claimHash },
      },
    ])
  })
  return disputeRecord(db, body.escrowId)
}

/**
 * Files the seller's answer, whose hash defends on chain.
 * @throws escrow_unknown, signer_not_party, dispute_unknown, defence_exists, invalid_defence_signature
 */
export async function fileDefence(
  context: Context,
  { escrowId, defence, by }: { escrowId: string; defence: Signed<Defence>; by: string },
): Promise<DisputeRecord> {
  const { db, signer, clock } = context
  const { body, signature } = defence
  const found = await findCase(db, escrowId, body.pactId)
  if (body.escrowId !== escrowId || body.defendedBy !== by || by !== found.seller) {
    throw new EarnestError('signer_not_party', 'Only the seller defends')
  }
  const now = clock.now()
  const wire = encode(defenceSchema, body, 'invalid_defence')
  const keyOf = await resolveKeys(db, [by])
  if (!verifyBody({ type: 'defence', body: wire, signature, publicKey: keyOf(by, now) })) {
    throw new EarnestError('invalid_defence_signature', 'Not signed by the seller')
  }
  const { round } = found.state
  const before = await readDispute(db, escrowId, round)
  if (!before) throw new EarnestError('dispute_unknown', 'This round is not disputed')
  const defenceHash = hashDefence(body)
  if (before.defence_hash === defenceHash) return disputeRecord(db, escrowId)
  if (before.defence) throw new EarnestError('defence_exists', 'This round has an answer')
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('dispute')
      .set({
        defence: canonicalText(encode(signedDefenceSchema, { body, signature }, 'invalid_defence')),
        defence_hash: defenceHash,
      })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .execute()
    await keepEvidence(tx, { found, by, evidence: body.evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      { action: 'defence_filed', subject: escrowId, at: now, data: { by, round, defenceHash } },
    ])
  })
  return disputeRecord(db, escrowId)
}

/**
 * Adds evidence while the dispute runs.
 * @throws escrow_unknown, signer_not_party, dispute_unknown, dispute_over, invalid_evidence_signature
 */
export async function addEvidence(
  context: Context,
  {
    escrowId,
    submission,
    by,
  }: {
    escrowId: string
    submission: Signed<Submission>
    by: string
  },
): Promise<DisputeRecord> {
  const { db, signer, clock } = context
  const { body, signature } = submission
  const found = await findCase(db, escrowId)
  if (body.escrowId !== escrowId) throw new EarnestError('pact_mismatch', 'Of another escrow')
  assertParty(found, body.submittedBy, by)
  const now = clock.now()
  const wire = encode(submissionSchema, body, 'invalid_evidence')
  const keyOf = await resolveKeys(db, [by])
  if (!verifyBody({ type: 'evidence', body: wire, signature, publicKey: keyOf(by, now) })) {
    throw new EarnestError('invalid_evidence_signature', 'Not signed by the party')
  }
  const { round, state } = found.state
  if (!(await readDispute(db, escrowId, round))) {
    throw new EarnestError('dispute_unknown', 'This round is not disputed')
  }
  if (isTerminal(state)) throw new EarnestError('dispute_over', `The escrow is ${state}`)
  await db.transaction().execute(async (tx) => {
    const hashes = await keepEvidence(tx, { found, by, evidence: body.evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'evidence_added',
        subject: escrowId,
        at: now,
        data: { by, round, sha256: hashes },
        tell: tellOf('evidence_added', escrowId, found),
      },
    ])
  })
  return disputeRecord(db, escrowId)
}

/** Opens the book of a disputed round; one that is open already stays as it is. */
export async function openDispute(
  tx: Tx,
  row: Pick<NewRow<'dispute'>, 'escrow_id' | 'round' | 'opened_at'> & Partial<NewRow<'dispute'>>,
): Promise<void> {
  await tx
    .insertInto('dispute')
    .values({
      claim: null,
      claim_hash: null,
      defence: null,
      defence_hash: null,
      package_hash: null,
      ...row,
    })
    .onConflict((conflict) => conflict.columns(['escrow_id', 'round']).doNothing())
    .execute()
}

/**
 * A dispute as the API shows it: hashes of the evidence, never its content (DRV-18).
 * @throws escrow_unknown, dispute_unknown
 */
export async function disputeRecord(db: Db, escrowId: string): Promise<DisputeRecord> {
  const found = await findCase(db, escrowId)
  const { state } = found
  const row = await readDispute(db, escrowId, state.round)
  if (!row) throw new EarnestError('dispute_unknown', 'This round is not disputed')
  const evidence = await db
    .selectFrom('evidence')
    .select(['sha256', 'submitted_by', 'at', 'verified'])
    .where('escrow_id', '=', escrowId)
    .where('round', '=', state.round)
    .orderBy('at')
    .orderBy('sha256')
    .execute()
  const over = isTerminal(state.state)
  const decided = state.ending?.how === 'ruled' || state.ending?.how === 'concluded'
  return {
    escrowId: state.id,
    pactId: found.pactId,
    round: state.round,
    state: state.state,
    tier: null,
    claim: row.claim ? decode(signedClaimSchema, JSON.parse(row.claim), 'invalid_claim') : null,
    defence: row.defence
      ? decode(signedDefenceSchema, JSON.parse(row.defence), 'invalid_defence')
      : null,
    evidence: evidence.map((one) => ({
      sha256: one.sha256,
      submittedBy: one.submitted_by,
      at: one.at,
      verified: one.verified,
    })),
    evidenceUntil: over ? null : state.timerEnd,
    packageHash: row.package_hash,
    sellerBps: decided ? (state.ending?.sellerBps ?? null) : null,
    recordHash: state.recordHash === null ? null : fromBytes32(state.recordHash),
  }
}

/**
 * The record by which the latest verdict can be recomputed; prompts and answers, which quote the
 * parties' papers, stand in it by their hashes (DSP-24, DRV-18).
 * @throws record_unknown
 */
export async function verdictRecord(db: Db, escrowId: string): Promise<VerdictRecord> {
  const row = await db
    .selectFrom('verdict')
    .select('record')
    .where('escrow_id', '=', escrowId)
    .orderBy('round', 'desc')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw new EarnestError('record_unknown', 'No verdict was reached')
  return redactVerdict(decode(verdictRecordSchema, JSON.parse(row.record), 'invalid_verdict'))
}

async function readDispute(
  db: Db | Tx,
  escrowId: string,
  round: number,
): Promise<Row<'dispute'> | undefined> {
  return db
    .selectFrom('dispute')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
}

async function findCase(db: Db, escrowId: string, pactId?: string): Promise<Case> {
  const lock = await findLock(db, escrowId)
  const state = await readEscrow(db, escrowId)
  if (!lock || !state) throw new EarnestError('escrow_unknown', 'No such funded escrow')
  if (pactId !== undefined && lock.pactId !== pactId) {
    throw new EarnestError('pact_mismatch', 'Another pact derives this escrow')
  }
  return {
    state,
    pactId: lock.pactId,
    milestone: lock.milestone,
    buyer: lock.pact.buyer.did,
    seller: lock.pact.seller.did,
  }
}

function assertParty({ buyer, seller }: Case, stated: string, by: string): void {
  if (stated !== by || (by !== buyer && by !== seller)) {
    throw new EarnestError('signer_not_party', 'Only a party can do this')
  }
}

/** Keeps each piece; one whose stated hash is not that of the record is marked unverified (DSP-02). */
async function keepEvidence(
  tx: Tx,
  {
    found,
    by,
    evidence,
    at,
  }: {
    found: Case
    by: string
    evidence: readonly Evidence[]
    at: number
  },
): Promise<string[]> {
  const { id, round } = found.state
  const delivery = await tx
    .selectFrom('completion')
    .select('manifest')
    .where('escrow_id', '=', id)
    .where('round', '=', round)
    .executeTakeFirst()
  const files = delivery
    ? decode(manifestSchema, JSON.parse(delivery.manifest), 'invalid_manifest')
    : []
  const hashes: string[] = []
  for (const { type, content, sha256 } of evidence) {
    const own = hashBody({ content })
    const stated = sha256 ?? own
    const verified =
      type === 'pact_terms'
        ? isObject(content) && hashBody(content) === found.pactId && stated === found.pactId
        : type === 'deliverable'
          ? files.some((file) => file.sha256 === sha256)
          : sha256 === undefined || (isObject(content) && hashBody(content) === sha256)
    hashes.push(stated)
    await tx
      .insertInto('evidence')
      .values({
        escrow_id: id,
        round,
        sha256: stated,
        submitted_by: by,
        content: canonicalText({ type, content }),
        verified,
        at,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  return hashes
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
