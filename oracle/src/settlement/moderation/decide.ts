import { pactArbiterAbi } from '@earnest/contracts'
import {
  type Decision,
  decisionTypedData,
  EarnestError,
  hashDecision,
  toBytes32,
  type WalletVerifier,
} from '@earnest/sdk/protocol'
import { type Address, encodeFunctionData, type Hex } from 'viem'
import { readEscrow } from '../../escrow/fold.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import type { Db, Tx } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'
import { readDispute } from '../case.ts'
import type { Bench } from './moderators.ts'
import { readWaiting } from './queue.ts'

/** What the moderator's wallet sends once enough have signed. */
export type Carrying = { to: Address; data: Hex }

/**
 * Keeps a moderator's signed decision, with its reason, about what was read. A second moderator signs
 * the very same decision or none; each signs once. Nothing of it moves money: the arbiter takes it
 * from the moderator's own wallet alone.
 * @throws escrow_unknown, decision_closed, rung_not_reached, wrong_round, wrong_state,
 * decision_differs, invalid_request_signature
 */
export async function decide(
  {
    db,
    signer,
    clock,
    chainId,
    bench,
    verifyWallet,
  }: Context & { chainId: number; bench: Bench; verifyWallet: WalletVerifier },
  { decision, by, signature }: { decision: Decision; by: string; signature: Hex },
): Promise<{ signed: number; needed: number; call: Carrying | null }> {
  const { escrowId, round, sellerBps, reason } = decision
  const state = await readEscrow(db, escrowId)
  if (!state) throw new EarnestError('escrow_unknown', 'No such escrow')
  const now = clock.now()
  const waiting = await readWaiting(db, state)
  if (!waiting || now >= waiting.until) throw new EarnestError('decision_closed', 'Not here')
  if (waiting.from === null || now < waiting.from) {
    throw new EarnestError('rung_not_reached', 'A rung below has the case')
  }
  if (toBytes32(decision.pactId) !== state.terms.pactHash) {
    throw new EarnestError('wrong_state', 'Of another pact')
  }
  if (round !== state.round) throw new EarnestError('wrong_round', `In round ${state.round}`)
  const dispute = await readDispute(db, escrowId, round)
  if (dispute?.package_hash !== decision.packageHash) {
    throw new EarnestError('wrong_state', 'Other papers came in meanwhile')
  }
  const recordHash = hashDecision(decision)
  const typedData = decisionTypedData({ chainId, decision })
  if (!(await verifyWallet({ wallet: by as Address, chainId, typedData, signature }))) {
    throw new EarnestError('invalid_request_signature', 'Not signed by this moderator')
  }
  const signed = await db.transaction().execute(async (tx) => {
    // Held to the end: of two that sign at once the second sees what the first one signed.
    await tx
      .selectFrom('escrow')
      .select('escrow_id')
      .where('escrow_id', '=', escrowId)
      .forUpdate()
      .execute()
    const others = (await standingDecisions(tx, decision)).filter(
      ({ moderator }) => moderator !== by && bench.people.includes(moderator),
    )
    if (others.some((other) => other.record_hash !== recordHash)) {
      throw new EarnestError('decision_differs', 'Another moderator signed another decision')
    }
    const row = {
      escrow_id: escrowId,
      round,
      moderator: by,
      seller_bps: sellerBps,
      reason,
      record_hash: recordHash,
      signature,
      decided_at: now,
    }
    await tx
      .insertInto('decision')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['escrow_id', 'round', 'moderator']).doUpdateSet(row),
      )
      .execute()
    const data = { by, round, sellerBps, recordHash, packageHash: decision.packageHash }
    await append(tx, signer, [{ action: 'decision_signed', subject: escrowId, at: now, data }])
    return others.length + 1
  })
  const args = [state.terms, BigInt(sellerBps), toBytes32(recordHash)] as const
  const call = {
    to: waiting.arbiter,
    data: encodeFunctionData({ abi: pactArbiterAbi, functionName: 'moderate', args }),
  }
  return { signed, needed: bench.needed, call: signed >= bench.needed ? call : null }
}

/**
 * The decisions about these very papers, the first one first. One about papers to which more was added
 * since binds nobody: else a party that hands in more could keep two moderators apart for good.
 */
export async function standingDecisions(
  db: Db | Tx,
  papers: Pick<Decision, 'escrowId' | 'pactId' | 'round' | 'packageHash'>,
): Promise<Row<'decision'>[]> {
  const { escrowId, pactId, round, packageHash } = papers
  const rows = await decisionsOf(db, escrowId, round)
  return rows.filter(({ seller_bps: sellerBps, reason, record_hash }) => {
    const about = { version: '1', escrowId, pactId, round, sellerBps, reason, packageHash } as const
    return hashDecision(about) === record_hash
  })
}

/** The signed decisions of a round, the first one first. */
export async function decisionsOf(
  db: Db | Tx,
  escrowId: string,
  round: number,
): Promise<Row<'decision'>[]> {
  return db
    .selectFrom('decision')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .orderBy('decided_at')
    .orderBy('moderator')
    .execute()
}
