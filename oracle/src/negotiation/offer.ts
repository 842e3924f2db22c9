import {
  type ContractRef,
  decode,
  EarnestError,
  encode,
  fillOffer,
  hashPact,
  isOpenOffer,
  type Offer,
  type OfferClaim,
  type OfferRecord,
  offerSchema,
  type Pact,
  parseHash,
  verifyPactSignature,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { assertChain, assertFresh } from './pact.ts'

/** Offers of one seller that wait at a time. */
const MAX_OPEN = 1000
/** Offers that one answer lists, unless fewer are asked for. */
const LISTED = 100
/** Seconds for which an offer stands at most, unless the operator says otherwise. */
export const OFFER_SECONDS = 30 * 86_400
/** Seconds for which an offer is shown after its end. */
const SHOWN_AFTER = 7 * 86_400
/** One arbitrary number for all locks on sellers' offers; the other half of the key is the seller. */
const offerLock = 401_720_263

/** An offer and where it stands; who took an open one is for its parties. */
export type FoundOffer = Offer & {
  status: OfferRecord['status']
  offeredAt: number
  claim: OfferClaim | null
}

/** What making an offer needs. */
export type Offering = Context & {
  chain: ContractRef & { token: string }
  /** Seconds for which an offer may stand. */
  offerSeconds: number
}

/**
 * Keeps a pact that its seller signed until the customer signs it too. It binds the seller as soon as
 * the customer's signature is beside its own, and nobody before; making the same offer again changes
 * nothing. An offer to nobody in particular waits for whoever takes it first, and is answered by the
 * same terms for that customer.
 * @throws signer_not_party, pact_hash_mismatch, invalid_seller_signature, wrong_chain, wrong_escrow,
 * clock_skew, registration_too_late, fund_by_passed, offer_too_long, too_many_offers, offer_unknown,
 * offer_differs, offer_taken
 */
export async function makeOffer(
  { db, signer, clock, chain, offerSeconds }: Offering,
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
  const { fundBy } = pact.timing
  if (now >= fundBy) throw new EarnestError('fund_by_passed', 'fundBy is past')
  if (fundBy > now + offerSeconds) {
    throw new EarnestError('offer_too_long', `An offer stands for ${offerSeconds} s at most`)
  }
  if (offer.answers !== undefined) await assertAnswers(db, offer.answers, pact)
  await db.transaction().execute(async (tx) => {
    await lockOffers(tx, seller.did)
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('offer')
      .values({
        pact_id: pactId,
        seller_did: seller.did,
        buyer_did: buyer.did,
        offer: JSON.stringify(encode(offerSchema, offer, 'invalid_pact')),
        accept_by: fundBy,
        offered_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return
    await assertRoom(tx, seller.did, now)
    if (offer.answers !== undefined) {
      await answerClaim(tx, { openId: offer.answers, pact, pactId, now })
    }
    await touchAgents(tx, [seller.did], now)
    const data = { seller: seller.did }
    await append(tx, signer, [{ action: 'offer_made', subject: pactId, at: now, data }])
  })
  return findOffer({ db, clock }, pactId)
}

/** Of two that come at once the second sees the first. */
async function lockOffers(tx: Tx, seller: string): Promise<void> {
  const lock = sql`select pg_advisory_xact_lock(${sql.lit(offerLock)}, hashtext(${seller}))`
  await lock.execute(tx)
}

async function assertRoom(tx: Tx, seller: string, now: number): Promise<void> {
  const { waiting } = await tx
    .selectFrom('offer')
    .select((eb) => eb.fn.countAll<number>().as('waiting'))
    .where('seller_did', '=', seller)
    .where('accept_by', '>', now)
    .executeTakeFirstOrThrow()
  if (waiting > MAX_OPEN) {
    throw new EarnestError('too_many_offers', `At most ${MAX_OPEN} offers wait at a time`)
  }
}

/** What a customer took is what it gets: nothing but who and when may differ. */
async function assertAnswers(db: Db, openId: string, pact: Pact): Promise<void> {
  const row = await db
    .selectFrom('offer')
    .select('offer')
    .where('pact_id', '=', parseHash(openId))
    .executeTakeFirst()
  const open = row && decode(offerSchema, JSON.parse(row.offer), 'invalid_pact').terms
  if (!open || !isOpenOffer(open)) throw new EarnestError('offer_unknown', 'No such open offer')
  const { buyer, proposedAt: at, nonce, salt } = pact
  if (hashPact(fillOffer(open, { buyer, at, nonce, salt })) !== hashPact(pact)) {
    throw new EarnestError('offer_differs', 'These are not the terms of the open offer')
  }
}

/** One pact for one claim, by whoever holds it. */
async function answerClaim(
  tx: Tx,
  { openId, pact, pactId, now }: { openId: string; pact: Pact; pactId: string; now: number },
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('offer')
    .set({ claim_pact: pactId, claim_until: pact.timing.fundBy })
    .where('pact_id', '=', parseHash(openId))
    .where('seller_did', '=', pact.seller.did)
    .where('claim_by', '=', pact.buyer.did)
    .where('claim_wallet', '=', pact.buyer.wallet.toLowerCase())
    .where('claim_until', '>', now)
    .where('claim_pact', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new EarnestError('offer_taken', 'This claim is not open')
}

/**
 * Takes an offer back that nobody has accepted; the same again changes nothing.
 * @throws offer_unknown, signer_not_party, offer_taken
 */
export async function withdrawOffer(
  { db, signer, clock }: Context,
  { pactId, by }: { pactId: string; by: string },
): Promise<FoundOffer> {
  const found = await findOffer({ db, clock }, pactId)
  if (by !== found.terms.seller.did) throw new EarnestError('signer_not_party', 'Not your offer')
  if (found.status === 'accepted') throw new EarnestError('offer_taken', 'It was accepted')
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('offer')
      .set({ withdrawn_at: now })
      .where('pact_id', '=', pactId)
      .where('withdrawn_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return
    await append(tx, signer, [{ action: 'offer_withdrawn', subject: pactId, at: now, data: {} }])
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

/**
 * The offers made to or by an agent, page by page: those that somebody has taken first, then the latest.
 * @throws invalid_request for a cursor that this list never gave
 */
export async function offersOf(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  {
    did,
    limit = LISTED,
    cursor,
  }: { did: string; limit?: number | undefined; cursor?: string | undefined },
): Promise<{ offers: FoundOffer[]; cursor: string | null }> {
  const now = clock.now()
  const kept = keptFirst(now)
  let query = select(db)
    .select(kept.as('kept'))
    .where((eb) => eb.or([eb('offer.buyer_did', '=', did), eb('offer.seller_did', '=', did)]))
  if (cursor !== undefined) {
    const parts = /^([01])\/(\d{1,15})\/([0-9a-f]{64})$/.exec(cursor)
    if (!parts) throw new EarnestError('invalid_request', 'Not a cursor of this list')
    const [rank, at, id] = [Number(parts[1]), Number(parts[2]), parts[3]]
    query = query.where(
      sql<boolean>`(${kept}, offer.offered_at, offer.pact_id) < (${rank}, ${at}, ${id})`,
    )
  }
  const rows = await query
    .orderBy('kept', 'desc')
    .orderBy('offer.offered_at', 'desc')
    .orderBy('offer.pact_id', 'desc')
    .limit(limit)
    .execute()
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    offers: rows.map((row) => foundOf(row, now)),
    cursor: last ? `${last.kept}/${last.offered_at}/${last.pact_id}` : null,
  }
}

/** Throws away the offers that ended a while ago; what was accepted stands as its pact. */
export async function forgetOffers({ db, clock }: Pick<Context, 'db' | 'clock'>): Promise<void> {
  const before = clock.now() - SHOWN_AFTER
  await db
    .deleteFrom('offer')
    .where('accept_by', '<', before)
    .where((eb) => eb.or([eb('claim_until', 'is', null), eb('claim_until', '<', before)]))
    .execute()
}

/** 1 where somebody has it, for the order of a list. */
function keptFirst(now: number) {
  return sql<0 | 1>`case when offer.claim_until > ${now} then 1 else 0 end`
}

function select(db: Db) {
  return db
    .selectFrom('offer')
    .leftJoin('pact', 'pact.pact_id', 'offer.pact_id')
    .selectAll('offer')
    .select(['pact.registered_at', isPaid.as('is_paid')])
}

/** Somebody who took the open offer has paid in. */
export const isPaid = sql<boolean>`exists (
  select 1 from lock join escrow on escrow.escrow_id = lock.escrow_id
  where lock.pact_id = offer.claim_pact and escrow.state <> 'None'
)`

function foundOf(
  row: Row<'offer'> & { registered_at: number | null; is_paid: boolean },
  now: number,
): FoundOffer {
  const { claim_by: by, claim_wallet: wallet, claim_until: until } = row
  const isKept = row.is_paid || (until !== null && now < until)
  return {
    ...decode(offerSchema, JSON.parse(row.offer), 'invalid_pact'),
    status: statusOf(),
    offeredAt: row.offered_at,
    claim:
      by !== null && wallet !== null && until !== null && isKept
        ? {
            by: by as OfferClaim['by'],
            wallet: wallet as OfferClaim['wallet'],
            until,
            pactHash: row.claim_pact,
          }
        : null,
  }

  function statusOf(): FoundOffer['status'] {
    if (row.registered_at !== null) return 'accepted'
    if (isKept) return 'taken'
    if (row.withdrawn_at !== null) return 'withdrawn'
    return now < row.accept_by ? 'open' : 'expired'
  }
}
