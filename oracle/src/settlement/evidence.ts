import {
  canonicalText,
  type DisputeRecord,
  decode,
  EarnestError,
  type Evidence,
  encode,
  hashBody,
  hashBytes,
  isTerminal,
  type Manifest,
  manifestSchema,
  type Submission,
  submissionSchema,
  verifyBody,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import { tellOf } from '../escrow/fold.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db, Tx } from '../store/store.ts'
import { locateFiles } from './artifact.ts'
import { assertParty, type Case, findCase, readDispute, type Signed } from './case.ts'
import { readCompletion } from './completion.ts'
import { disputeRecord } from './dispute.ts'

/** Pieces that one side may hand in for one round. */
const MAX_PIECES = 200

/**
 * Adds evidence while the dispute runs.
 * @throws escrow_unknown, signer_not_party, dispute_unknown, dispute_over,
 * invalid_evidence_signature, too_much_evidence
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
  const { recourse } = found
  const isClaimed = recourse?.state === 'claimed' && now < recourse.end
  if (isTerminal(state) && !isClaimed) {
    throw new EarnestError('dispute_over', `The escrow is ${state}`)
  }
  const evidence = await judgeEvidence(db, found, body.evidence)
  await db.transaction().execute(async (tx) => {
    await keepEvidence(tx, { found, by, evidence, at: now })
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'evidence_added',
        subject: escrowId,
        at: now,
        data: { by, round, sha256: evidence.map(({ sha256 }) => sha256) },
        tell: tellOf('evidence_added', escrowId, found),
      },
    ])
  })
  return disputeRecord(db, escrowId)
}

/** A piece of evidence against the record. */
export type Judged = Omit<Evidence, 'sha256'> & { sha256: string; verified: boolean }

/**
 * Sets each piece against the record; one that does not match it is kept as its author's words and
 * marked unverified (DSP-02). Of a delivered file the oracle's own copy is what counts: the piece
 * names that file, and what the author says is in it goes.
 */
export async function judgeEvidence(
  db: Db,
  found: Case,
  evidence: readonly Evidence[],
): Promise<Judged[]> {
  const files = evidence.some(({ type }) => type === 'deliverable')
    ? await deliveredFiles(db, found)
    : []
  return evidence.map((piece) => judged(piece, found.pactId, files))
}

function judged(
  { type, content, sha256: stated }: Evidence,
  pactId: string,
  files: Manifest,
): Judged {
  const own = isObject(content) ? hashBody(content) : hashBody({ content })
  switch (type) {
    case 'pact_terms':
      return {
        type,
        content,
        sha256: stated ?? own,
        verified: own === pactId && (stated ?? own) === own,
      }
    case 'deliverable': {
      const ofText = typeof content === 'string' ? hashBytes(Buffer.from(content)) : own
      const sha256 = stated ?? ofText
      const file = files.find((each) => each.sha256 === sha256)
      return { type, content: file ?? content, sha256, verified: file !== undefined }
    }
    case 'specific_claim':
      return {
        type,
        content,
        sha256: stated ?? own,
        verified: stated === undefined || stated === own,
      }
  }
}

/** The files of this round's delivery of which the oracle holds the bytes. */
async function deliveredFiles(db: Db, { state }: Case): Promise<Manifest> {
  const delivery = await readCompletion(db, state.id, state.round)
  if (!delivery) return []
  const manifest = decode(manifestSchema, JSON.parse(delivery.manifest), 'invalid_manifest')
  await locateFiles(db, state.id, manifest)
  return manifest
}

/**
 * Keeps what was judged.
 * @throws too_much_evidence
 */
export async function keepEvidence(
  tx: Tx,
  { found, by, evidence, at }: { found: Case; by: string; evidence: readonly Judged[]; at: number },
): Promise<void> {
  const { id, round } = found.state
  const { held } = await tx
    .selectFrom('evidence')
    .select((eb) => eb.fn.countAll<string>().as('held'))
    .where('escrow_id', '=', id)
    .where('round', '=', round)
    .where('submitted_by', '=', by)
    .executeTakeFirstOrThrow()
  if (Number(held) + evidence.length > MAX_PIECES) {
    throw new EarnestError('too_much_evidence', `At most ${MAX_PIECES} pieces a side and round`)
  }
  for (const { type, content, sha256, verified } of evidence) {
    await tx
      .insertInto('evidence')
      .values({
        escrow_id: id,
        round,
        submitted_by: by,
        sha256,
        content: canonicalText({ type, content }),
        verified,
        at,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
