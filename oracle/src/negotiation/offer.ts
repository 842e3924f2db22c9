import {
  type ContractRef,
  decode,
  EarnestError,
  encode,
  hashPact,
  type Offer,
  offerSchema,
  type Pact,
  parseHash,
  verifyPactSignature,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { assertChain, assertFresh, MAX_PACT_AGE } from './pact.ts'

/** Offers of one seller that wait at a time. */
const MAX_OPEN = 1000
/** Offers that one answer lists. */
const LISTED = 100

/** An offer and where it stands. */
export type FoundOffer = Offer & { status: 'open' | 'accepted' | 'expired'; offeredAt: number }

/**
 * Keeps a pact that its seller signed until the customer signs it too. It binds the seller as soon as
 * the customer's signature is beside its own, and nobody before; making the same offer again changes
 * nothing.
 * @throws signer_not_party, pact_hash_mismatch, invalid_seller_signature, wrong_chain, wrong_escrow,
 * clock_skew, registration_too_late, fund_by_passed, too_many_offers
 */
export async function makeOffer(
  { db, signer, clock, chain }: Context & { chain: ContractRef & { token: string } },
  { offer, by }: { offer: Offer; by: string },
): Promise<FoundOffer> {
  const { terms: pact, sellerSignature } = offer
  const { seller, buyer } = pact
  if (by !== seller.did) throw new EarnestError('signer_not_party', 'Only the seller offers')
  const pactId = hashPact(pact)
  if (parseHash(offer.pactHash) !== pactId) {
    throw new EarnestError('pact_hash_mismatch', 'The hash is not the hash of these terms')
  }
  const now = clock.now()
  const keyOf = await resolveKeys(db, [seller.did])
  const signed = verifyPactSignature({
    pact,
    did: seller.did,
    signature: sellerSignature,
    keyOf: (did) => keyOf(did, now),
  })
  if (!signed) throw new EarnestError('invalid_seller_signature', 'Not signed by the seller')
  assertChain(pact, chain)
  assertFresh(pact, now)
  if (now >= pact.timing.fundBy) throw new EarnestError('fund_by_passed', 'fundBy is past')
  await db.transaction().execute(async (tx) => {
    const { waiting } = await tx
      .selectFrom('offer')
      .select((eb) => eb.fn.countAll<number>().as('waiting'))
      .where('seller_did', '=', seller.did)
      .where('accept_by', '>', now)
      .executeTakeFirstOrThrow()
    if (waiting >= MAX_OPEN) {
      throw new EarnestError('too_many_offers', `At most ${MAX_OPEN} offers wait at a time`)
    }
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('offer')
      .values({
        pact_id: pactId,
        seller_did: seller.did,
        buyer_did: buyer.did,
        offer: JSON.stringify(encode(offerSchema, offer, 'invalid_pact')),
        accept_by: acceptBy(pact),
        offered_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return
    await touchAgents(tx, [seller.did], now)
    const data = { seller: seller.did }
    await append(tx, signer, [{ action: 'offer_made', subject: pactId, at: now, data }])
  })
  return findOffer({ db, clock }, pactId)
}

/** @throws offer_unknown */
export async function findOffer(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  pactId: string,
): Promise<FoundOffer> {
  const [row] = await select(db).where('offer.pact_id', '=', pactId).execute()
  if (!row) throw new EarnestError('offer_unknown', 'No such offer')
  return foundOf(row, clock.now())
}

/** The offers made to or by an agent, the latest first. */
export async function offersOf(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  did: string,
): Promise<FoundOffer[]> {
  const rows = await select(db)
    .where((eb) => eb.or([eb('offer.buyer_did', '=', did), eb('offer.seller_did', '=', did)]))
    .orderBy('offer.offered_at', 'desc')
    .orderBy('offer.pact_id')
    .limit(LISTED)
    .execute()
  return rows.map((row) => foundOf(row, clock.now()))
}

/** Until when the customer can sign: a pact is registered within a day, and funded in time. */
function acceptBy({ proposedAt, timing }: Pact): number {
  return Math.min(proposedAt + MAX_PACT_AGE, timing.fundBy)
}

function select(db: Db) {
  return db
    .selectFrom('offer')
    .leftJoin('pact', 'pact.pact_id', 'offer.pact_id')
    .selectAll('offer')
    .select('pact.registered_at')
}

function foundOf(row: Row<'offer'> & { registered_at: number | null }, now: number): FoundOffer {
  const waiting = now < row.accept_by ? 'open' : 'expired'
  return {
    ...decode(offerSchema, JSON.parse(row.offer), 'invalid_pact'),
    status: row.registered_at === null ? waiting : 'accepted',
    offeredAt: row.offered_at,
  }
}
