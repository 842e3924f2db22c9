import * as z from 'zod'
import { address, bytes, word } from './address.ts'
import { did } from './did.ts'
import type { Route } from './endpoint.ts'
import { hash } from './hash.ts'
import { type Pact, pactSchema } from './pact.ts'
import { cursor, pageQuery } from './page.ts'
import { signature } from './signature.ts'
import { utc } from './time.ts'

const pactParams = z.strictObject({ pactId: hash })
const escrowParams = z.strictObject({ escrowId: word })

/**
 * Stands in an open offer where the buyer will: key and wallet are SHA-256 of "earnest/anyone/N" for the
 * first N that gives a point of the curve, so that nobody has their secrets.
 */
export const ANYONE = {
  did: 'did:key:z6Mkh9JUrcJ1bGQyMTyd8b22chvGknH9KehaNLiufYfRjzjj',
  wallet: '0x22a7a0be11c94508cd654c5cd4526833e33c2342',
} as const

/** Seconds that whoever takes an open offer has to pay in, from when the seller confirms. */
export const PAY_WITHIN = 3600

/** A pact that the seller signed and left for its customer to sign, as it is handed in. */
export const offerSchema = z.strictObject({
  pactHash: hash,
  terms: pactSchema,
  sellerSignature: signature,
  /** The open offer that somebody has taken, which these terms are for that customer. */
  answers: hash.exactOptional(),
})
export type Offer = z.output<typeof offerSchema>

/** True for an offer that names nobody: the first customer who takes it gets it. */
export function isOpenOffer({ buyer }: Pick<Pact, 'buyer'>): boolean {
  return buyer.did === ANYONE.did
}

/**
 * An open offer as the pact of the customer who took it: nothing differs but who, when and the salt. Times
 * move together, so that there are `PAY_WITHIN` seconds to pay in and as long to deliver as was offered.
 * @param options.at Unix seconds at which the seller confirms.
 */
export function fillOffer(
  terms: Pact,
  { buyer, at, nonce, salt }: Pick<Pact, 'buyer' | 'nonce' | 'salt'> & { at: number },
): Pact {
  const shift = at + PAY_WITHIN - terms.timing.fundBy
  const moved = <T extends { fundBy: number }>(it: T) => ({ ...it, fundBy: it.fundBy + shift })
  const milestones = terms.milestones?.map((each) => ({
    ...moved(each),
    deadlineUtc: each.deadlineUtc + shift,
  }))
  return {
    ...terms,
    buyer,
    proposedTo: buyer.did,
    deadlineUtc: terms.deadlineUtc + shift,
    ...(milestones && { milestones }),
    timing: moved(terms.timing),
    proposedAt: at,
    nonce,
    salt,
  }
}

/** Who has taken an open offer. */
const claimSchema = z.object({
  by: did,
  wallet: address,
  /** Until when it is kept for this customer. */
  until: utc,
  /** The customer's own pact; null before the seller has confirmed. */
  pactHash: hash.nullable(),
})
export type OfferClaim = z.output<typeof claimSchema>

/** An offer on record; whoever has its number may read it. */
export const offerRecordSchema = offerSchema.strip().extend({
  /**
   * `accepted`: the customer signed too and the pact is registered. `taken`: an open offer that is kept for
   * somebody, or was paid in by somebody.
   */
  status: z.enum(['open', 'taken', 'accepted', 'expired', 'withdrawn']),
  offeredAt: utc,
  /** Of an open offer, for its seller and for who took it. */
  claim: claimSchema.exactOptional(),
  /** Where a person reads and accepts it. */
  url: z.url(),
})
export type OfferRecord = z.output<typeof offerRecordSchema>

/** One side's consent to a split: the `Settle` that its wallet signed, worth nothing once the escrow changed. */
export const splitOfferSchema = z.strictObject({
  sellerBps: z.int().min(0).max(10_000),
  /** The escrow's change counter that was signed. */
  seq: z.int().min(0),
  /** As the contract takes it: `validBefore` in 6 bytes, then the signature. */
  consent: bytes,
})
export type SplitOffer = z.output<typeof splitOfferSchema>

/** A split on the table, for the parties. */
export const splitRecordSchema = splitOfferSchema.strip().extend({
  by: did,
  validBefore: utc,
  offeredAt: utc,
})
export type SplitRecord = z.output<typeof splitRecordSchema>

const splits = z.object({ splits: z.array(splitRecordSchema).max(2) })

/** The routes by which an agent and a person without one come together. */
export const offerRoutes = {
  makeOffer: {
    method: 'POST',
    path: '/offers',
    signed: true,
    body: offerSchema,
    status: 201,
    response: offerRecordSchema,
  },
  listOffers: {
    method: 'GET',
    path: '/offers',
    signed: true,
    query: pageQuery,
    status: 200,
    response: z.object({
      offers: z.array(offerRecordSchema).max(100),
      /** Absent from an oracle of before, which has one page. */
      cursor: cursor.nullable().exactOptional(),
    }),
  },
  getOffer: {
    method: 'GET',
    path: '/offers/:pactId',
    signed: false,
    params: pactParams,
    status: 200,
    response: offerRecordSchema,
  },
  withdrawOffer: {
    method: 'DELETE',
    path: '/offers/:pactId',
    signed: true,
    params: pactParams,
    status: 200,
    response: offerRecordSchema,
  },
  claimOffer: {
    method: 'POST',
    path: '/offers/:pactId/claims',
    signed: true,
    params: pactParams,
    body: z.strictObject({}),
    status: 201,
    response: offerRecordSchema,
  },
  offerSplit: {
    method: 'POST',
    path: '/escrows/:escrowId/splits',
    signed: true,
    params: escrowParams,
    body: splitOfferSchema,
    status: 201,
    response: splits,
  },
  listSplits: {
    method: 'GET',
    path: '/escrows/:escrowId/splits',
    signed: true,
    params: escrowParams,
    status: 200,
    response: splits,
  },
} as const satisfies Record<string, Route>
