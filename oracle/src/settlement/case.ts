import { EarnestError } from '@earnest/sdk/protocol'
import { readEscrow } from '../escrow/fold.ts'
import { type Recourse, readRecourse } from '../escrow/recourse.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow, Row } from '../store/tables.ts'

/** A paper with its author's signature. */
export type Signed<T> = { body: T; signature: string }

/** A funded escrow, its pact and its parties. */
export type Case = {
  state: EscrowState
  /** The reservation behind a release at once; undefined where there was none. */
  recourse: Recourse | undefined
  pactId: string
  milestone: number
  buyer: string
  seller: string
}

/** @throws escrow_unknown, pact_mismatch */
export async function findCase(db: Db, escrowId: string, pactId?: string): Promise<Case> {
  const lock = await findLock(db, escrowId)
  const state = await readEscrow(db, escrowId)
  if (!lock || !state) throw new EarnestError('escrow_unknown', 'No such funded escrow')
  if (pactId !== undefined && lock.pactId !== pactId) {
    throw new EarnestError('pact_mismatch', 'Another pact derives this escrow')
  }
  return {
    state,
    recourse: await readRecourse(db, escrowId),
    pactId: lock.pactId,
    milestone: lock.milestone,
    buyer: lock.pact.buyer.did,
    seller: lock.pact.seller.did,
  }
}

/** @throws signer_not_party */
export function assertParty({ buyer, seller }: Case, stated: string, by: string): void {
  if (stated !== by || (by !== buyer && by !== seller)) {
    throw new EarnestError('signer_not_party', 'Only a party can do this')
  }
}

/** Opens the book of a disputed round; one that is open already stays as it is. */
export async function openDispute(
  tx: Tx,
  row: Pick<NewRow<'dispute'>, 'escrow_id' | 'round' | 'opened_at'>,
): Promise<void> {
  const empty = { defence: null, defence_hash: null, defended_at: null, package_hash: null }
  await tx
    .insertInto('dispute')
    .values({ ...empty, ...row })
    .onConflict((conflict) => conflict.columns(['escrow_id', 'round']).doNothing())
    .execute()
}

/** The book of a disputed round; undefined where nothing is disputed. */
export async function readDispute(
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

/** The claims of a round, the first that was filed first; at most one of each side. */
export async function readClaims(
  db: Db | Tx,
  escrowId: string,
  round: number,
): Promise<Row<'claim'>[]> {
  return db
    .selectFrom('claim')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .orderBy('filed_at')
    .orderBy('disputed_by')
    .execute()
}
