import {
  attestationTypedData,
  EarnestError,
  receiptTypedData,
  resultCode,
  statementTypedData,
  toBytes32,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Call } from '../escrow/chain.ts'
import { readEscrow } from '../escrow/fold.ts'
import { submit, type Writing, writingOf, writtenBy } from '../escrow/submit.ts'
import { findLock, type Lock } from '../negotiation/pact.ts'
import { statement } from '../store/statement.ts'
import type { Row } from '../store/tables.ts'
import type { Attestors } from './attestor.ts'
import { inCheckTurn } from './checkTurn.ts'
import {
  type Completing,
  closeCompletion,
  isLate,
  logReport,
  proofOf,
  readCompletion,
  submissionKey,
} from './completion.ts'

/** Runs a pact's criteria over a delivery; the same input gives the same bytes (design.md section 5, verification). */
export type Check = (options: {
  escrowId: `0x${string}`
  round: number
  /** What was handed in, canonical JSON. */
  manifest: string
  /** Unix seconds at which this oracle received the delivery. */
  deliveredAt: number
}) => Promise<VerificationReport>

type Attesting = Completing & { attestors: Attestors; check: Check }

/** A completion that was taken or read just now; it is not read again. */
type Taken = Row<'completion'>

/**
 * Brings one completion from "received" to a call on chain: verify, log, sign, submit. Each step is
 * done once and found done after a crash; what is signed is what the log says, whoever checked.
 * @returns the completion with its report.
 * @throws completion_unknown, too_few_attestors, verification_pending, what the check throws
 */
export async function processCompletion(
  context: Attesting,
  { escrowId, round, row: taken }: { escrowId: `0x${string}`; round: number; row?: Taken },
): Promise<Row<'completion'>> {
  const { db } = context
  const row = taken ?? (await readCompletion(db, escrowId, round))
  const lock = await findLock(db, escrowId)
  if (!row || !lock) throw new EarnestError('completion_unknown', 'No such completion')
  if (!goesOn(row)) return row
  const checked = row.report_hash === null ? await checkDelivery(context, row) : row
  if (goesOn(checked)) await submitResult(context, { row: checked, lock })
  return checked
}

function goesOn({ status }: Row<'completion'>): boolean {
  return status === 'received' || status === 'verified'
}

async function checkDelivery(
  context: Attesting,
  { escrow_id, round, manifest, received_at: deliveredAt }: Row<'completion'>,
): Promise<Row<'completion'>> {
  const { db, check } = context
  const escrowId = escrow_id as `0x${string}`
  return inCheckTurn(db, { escrowId, round }, async () =>
    logReport(context, { report: await check({ escrowId, round, manifest, deliveredAt }) }),
  ).catch(async (error) => {
    // Somebody else's turn may have ended between the two looks.
    const row = await readCompletion(db, escrowId, round)
    if (row?.report_hash == null) throw error
    return row
  })
}

/** Signs what the log says and writes the call down, unless the delivery goes no further. */
async function submitResult(
  { db, clock, chain, attestors }: Attesting,
  { row, lock }: { row: Row<'completion'>; lock: Lock },
): Promise<void> {
  const { round, report_hash } = row
  const escrowId = row.escrow_id as `0x${string}`
  if (report_hash === null) throw new EarnestError('completion_unknown', 'Nothing was checked')
  if (isLate(lock, row.received_at)) {
    // The chain takes no delivery after deliverBy; the timer gives the money back.
    return closeCompletion(db, { escrowId, round, status: 'refused', error: 'after_deliver_by' })
  }
  const state = await readEscrow(db, escrowId)
  if (state?.state === 'Negotiating') {
    // The seller redelivers with the buyer's receipt; the result is attested once that is on chain.
    return closeCompletion(db, { escrowId, round, status: 'checked' })
  }
  const proof = proofOf(row)
  const { terms } = lock
  const round_ = BigInt(round)
  const ref = { chainId: chain.chainId, contract: chain.escrow, escrowId, round: round_ }
  const artifactHash = toBytes32(row.artifact_hash)
  const reportHash = toBytes32(report_hash)
  const { authorization, reserve } = proof.sellerAuthorization
  let call: Call
  if (row.result === 'PASS') {
    const typedData = statementTypedData({ ...ref, artifactHash, reportHash })
    const signed = await attestors.prove({
      arbiter: terms.arbiter,
      kind: 'attestation',
      typedData,
    })
    const completion = {
      artifactHash,
      reportHash,
      reserve,
      sellerAuthorization: authorization,
      proof: signed,
      buyerAuthorization: '0x',
    }
    call = { functionName: 'complete', args: [terms, completion] }
  } else {
    const typedData = receiptTypedData({ ...ref, artifactHash })
    const signed = await attestors.prove({ arbiter: terms.arbiter, kind: 'receipt', typedData })
    const receipt = { byBuyer: false, proof: signed }
    call = { functionName: 'deliver', args: [terms, artifactHash, receipt, authorization] }
  }
  const submission = {
    key: submissionKey(row),
    escrowId,
    call,
    at: clock.now(),
    ...(state && { seq: state.seq }),
  }
  const job = `${escrowId}/${round}`
  await submitCompletion(db, { ...writingOf(submission), round, job })
}

/** The call of a completion, that it was made, and the end of the work that made it: all or nothing. */
const submitCompletion = statement(
  (_, values: Writing & { round: number; job: string }) => sql`
    with ${writtenBy(values)}, submitted as (
      update completion set status = 'submitted'
      where escrow_id = ${values.escrowId} and round = ${values.round}
    )
    delete from job
    where queue = 'complete' and key = ${values.job} and lease_token is null`,
)

/**
 * Signs and submits this oracle's result of a round that stands delivered on chain; nothing to do
 * where it found none, or the chain has one.
 */
export async function attestDelivery(
  { db, clock, chain, attestors }: Completing & { attestors: Attestors },
  { escrowId, round }: { escrowId: `0x${string}`; round: number },
): Promise<string | undefined> {
  const state = await readEscrow(db, escrowId)
  const logged = await db
    .selectFrom('attestation')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  if (!state || !logged) return undefined
  if (state.state !== 'Delivered' || state.round !== round || state.result !== null)
    return undefined
  if (state.artifactHash !== toBytes32(logged.artifact_hash)) return undefined
  const result = resultCode(logged.result as VerificationReport['result'])
  const reportHash = toBytes32(logged.report_hash)
  const typedData = attestationTypedData({
    chainId: chain.chainId,
    contract: chain.escrow,
    escrowId,
    round: BigInt(round),
    result,
    reportHash,
  })
  const proof = await attestors.prove({
    arbiter: state.terms.arbiter,
    kind: 'attestation',
    typedData,
  })
  const key = `attest/${escrowId}/${round}`
  const call = { functionName: 'attest', args: [state.terms, Number(result), reportHash, proof] }
  await submit(db, { key, escrowId, call, at: clock.now(), seq: state.seq })
  return key
}
