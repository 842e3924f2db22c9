import { ANYONE, EarnestError, type OfferClaim } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { touchAgents } from '../discovery/agent.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { type FoundOffer, findOffer, isPaid } from './offer.ts'

/** Seconds in which the seller's agent has to confirm, before the offer is anybody's again. */
const CONFIRM_WITHIN = 900
/** Seconds after the last moment to pay in, in which a funding may still be unread. */
const READING = 120
/** Seconds for which an offer is others' to take after a customer had it confirmed and did not pay in. */
const LEFT_TO_OTHERS = 3600
/** Open offers that one customer may keep from others at a time. */
const MAX_KEPT = 3

/**
 * Takes an open offer for a customer whose wallet holds the price: of two that come at once one gets it.
 * It is kept until the seller has confirmed and the customer has paid in; where either does not in time,
 * it is anybody's again, and for an hour anybody else's where it was the customer. The same again changes
 * nothing.
 * @throws offer_unknown, agent_unknown, equal_parties, insufficient_funds, offer_taken, too_many_claims
 */
export async function takeOffer(
  {
    db,
    signer,
    clock,
    balanceOf,
  }: Context & { balanceOf: (wallet: `0x${string}`) => Promise<bigint> },
  { pactId, by }: { pactId: string; by: string },
): Promise<FoundOffer> {
  const offer = await findOffer({ db, clock }, pactId)
  const { buyer, seller, paymentUsdc } = offer.terms
  if (buyer.did !== ANYONE.did) throw new EarnestError('offer_unknown', 'It names its customer')
  if (offer.claim?.by === by) return offer
  const agent = await db
    .selectFrom('agent')
    .select('wallet')
    .where('did', '=', by)
    .executeTakeFirst()
  if (!agent) throw new EarnestError('agent_unknown', 'Sign up first')
  const wallet = agent.wallet as OfferClaim['wallet']
  if (by === seller.did || wallet.toLowerCase() === seller.wallet.toLowerCase()) {
    throw new EarnestError('equal_parties', 'The seller cannot take its own offer')
  }
  if ((await balanceOf(wallet)) < paymentUsdc) {
    throw new EarnestError('insufficient_funds', 'The wallet holds less than the price')
  }
  const now = clock.now()
  await db.transaction().execute(async (tx) => {
    // One customer at a time, or two claims at once could both be within its limit.
    await sql`select pg_advisory_xact_lock(${sql.lit(CLAIM_LOCK)}, hashtext(${by}))`.execute(tx)
    const { kept } = await tx
      .selectFrom('offer')
      .select((eb) => eb.fn.countAll<number>().as('kept'))
      .where('claim_by', '=', by)
      .where('claim_until', '>', now)
      .where(sql<boolean>`not ${isPaid}`)
      .executeTakeFirstOrThrow()
    if (kept >= MAX_KEPT) {
      throw new EarnestError('too_many_claims', `At most ${MAX_KEPT} offers are kept for one`)
    }
    const { numUpdatedRows } = await tx
      .updateTable('offer')
      .set({
        claim_by: by,
        claim_wallet: wallet.toLowerCase(),
        claim_until: now + CONFIRM_WITHIN,
        claim_pact: null,
      })
      .where('pact_id', '=', pactId)
      .where('accept_by', '>', now)
      .where('withdrawn_at', 'is', null)
      .where((eb) => eb.or([eb('claim_until', 'is', null), eb('claim_until', '<=', now - READING)]))
      .where((eb) =>
        eb.or([
          eb('claim_by', 'is', null),
          eb('claim_by', '<>', by),
          eb('claim_pact', 'is', null),
          eb('claim_until', '<=', now - LEFT_TO_OTHERS),
        ]),
      )
      .where(sql<boolean>`not ${isPaid}`)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) throw new EarnestError('offer_taken', 'Somebody else has it')
    await touchAgents(tx, [by], now)
    await append(tx, signer, [
      {
        action: 'offer_taken',
        subject: pactId,
        at: now,
        data: { by },
        tell: { type: 'offer_taken', agents: [seller.did, by as OfferClaim['by']], pactId },
      },
    ])
  })
  return findOffer({ db, clock }, pactId)
}

/** One arbitrary number for all locks on customers' claims; the other half of the key is the customer. */
const CLAIM_LOCK = 401_720_264
