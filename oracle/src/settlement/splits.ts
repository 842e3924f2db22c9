import {
  EarnestError,
  isTerminal,
  type SplitOffer,
  type SplitRecord,
  settleTypedData,
  type WalletVerifier,
} from '@earnest/sdk/protocol'
import { type Hex, hexToNumber, slice } from 'viem'
import { touchAgents } from '../discovery/agent.ts'
import { tellOf } from '../escrow/fold.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import { type Case, findCase } from './case.ts'

/** Bytes of `validBefore` before the signature. */
const TIME_BYTES = 6

type Splitting = Context & {
  chain: { chainId: number; escrow: Hex }
  verifyWallet: WalletVerifier
}

/**
 * Lays a party's signed consent to a split on the table: the other signs the same number, and anyone
 * may bring both on chain. What its wallet did not sign, or signed for another state, is refused.
 * @throws escrow_unknown, signer_not_party, dispute_over, wrong_state, authorization_expired,
 * invalid_consent
 */
export async function offerSplit(
  { db, signer, clock, chain, verifyWallet }: Splitting,
  { escrowId, offer, by }: { escrowId: Hex; offer: SplitOffer; by: string },
): Promise<SplitRecord[]> {
  const found = await partyCase(db, escrowId, by)
  const { state } = found
  if (isTerminal(state.state)) throw new EarnestError('dispute_over', `It is ${state.state}`)
  if (offer.seq !== state.seq) {
    throw new EarnestError('wrong_state', `The escrow stands at change ${state.seq}`)
  }
  const now = clock.now()
  if (offer.consent.length < 2 + 2 * (TIME_BYTES + 1)) {
    throw new EarnestError('invalid_consent', 'Want validBefore and a signature')
  }
  const validBefore = hexToNumber(slice(offer.consent, 0, TIME_BYTES))
  if (now >= validBefore) throw new EarnestError('authorization_expired', 'It has run out')
  const wallet = by === found.buyer ? state.terms.buyer : state.terms.seller
  const typedData = settleTypedData({
    chainId: chain.chainId,
    contract: chain.escrow,
    escrowId,
    actor: wallet,
    seq: BigInt(offer.seq),
    validBefore: BigInt(validBefore),
    sellerBps: BigInt(offer.sellerBps),
  })
  const signature = slice(offer.consent, TIME_BYTES)
  if (!(await verifyWallet({ wallet, chainId: chain.chainId, typedData, signature }))) {
    throw new EarnestError('invalid_consent', 'Not signed by the wallet of this party')
  }
  const row = {
    escrow_id: escrowId,
    did: by,
    seller_bps: offer.sellerBps,
    seq: offer.seq,
    consent: offer.consent,
    valid_before: validBefore,
    offered_at: now,
  }
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('split_offer')
      .values(row)
      .onConflict((conflict) => conflict.columns(['escrow_id', 'did']).doUpdateSet(row))
      .execute()
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'split_offered',
        subject: escrowId,
        at: now,
        data: { by, sellerBps: offer.sellerBps, seq: offer.seq },
        tell: tellOf('split_offered', escrowId, found),
      },
    ])
  })
  return standing(db, found, now)
}

/**
 * The splits that can still be agreed to.
 * @throws escrow_unknown, signer_not_party
 */
export async function listSplits(
  { db, clock }: Context,
  { escrowId, by }: { escrowId: Hex; by: string },
): Promise<SplitRecord[]> {
  return standing(db, await partyCase(db, escrowId, by), clock.now())
}

async function partyCase(db: Db, escrowId: string, by: string): Promise<Case> {
  const found = await findCase(db, escrowId)
  if (by !== found.buyer && by !== found.seller) {
    throw new EarnestError('signer_not_party', 'Only a party can do this')
  }
  return found
}

async function standing(db: Db, { state }: Case, now: number): Promise<SplitRecord[]> {
  const rows = await db
    .selectFrom('split_offer')
    .selectAll()
    .where('escrow_id', '=', state.id)
    .where('seq', '=', state.seq)
    .where('valid_before', '>', now)
    .orderBy('offered_at', 'desc')
    .execute()
  return rows.map((row) => ({
    by: row.did as SplitRecord['by'],
    sellerBps: row.seller_bps,
    seq: row.seq,
    consent: row.consent as Hex,
    validBefore: row.valid_before,
    offeredAt: row.offered_at,
  }))
}
