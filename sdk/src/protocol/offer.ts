import * as z from 'zod'
import { bytes, word } from './address.ts'
import { did } from './did.ts'
import type { Route } from './endpoint.ts'
import { hash } from './hash.ts'
import { pactSchema } from './pact.ts'
import { signature } from './signature.ts'
import { utc } from './time.ts'

const pactParams = z.strictObject({ pactId: hash })
const escrowParams = z.strictObject({ escrowId: word })

/** A pact that the seller signed and left for its customer to sign, as it is handed in. */
export const offerSchema = z.strictObject({
  pactHash: hash,
  terms: pactSchema,
  sellerSignature: signature,
})
export type Offer = z.output<typeof offerSchema>

/** An offer on record; whoever has its number may read it. */
export const offerRecordSchema = offerSchema.extend({
  /** `accepted`: the customer signed too and the pact is registered. */
  status: z.enum(['open', 'accepted', 'expired']),
  offeredAt: utc,
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
export const splitRecordSchema = splitOfferSchema.extend({
  by: did,
  validBefore: utc,
  offeredAt: utc,
})
export type SplitRecord = z.output<typeof splitRecordSchema>

const splits = z.strictObject({ splits: z.array(splitRecordSchema).max(2) })

/** The routes by which an agent and a person without one come together. */
export const offerRoutes = {
  makeOffer: {
    method: 'POST',
    path: '/offers',
    summary: 'The seller leaves a pact that it signed for its customer to accept',
    signed: true,
    body: offerSchema,
    status: 201,
    response: offerRecordSchema,
  },
  listOffers: {
    method: 'GET',
    path: '/offers',
    summary: 'The offers made to or by the signer, the latest first',
    signed: true,
    status: 200,
    response: z.strictObject({ offers: z.array(offerRecordSchema).max(100) }),
  },
  getOffer: {
    method: 'GET',
    path: '/offers/:pactId',
    summary: 'One offer',
    signed: false,
    params: pactParams,
    status: 200,
    response: offerRecordSchema,
  },
  offerSplit: {
    method: 'POST',
    path: '/escrows/:escrowId/splits',
    summary: 'Lays a signed split on the table for the other party',
    signed: true,
    params: escrowParams,
    body: splitOfferSchema,
    status: 201,
    response: splits,
  },
  listSplits: {
    method: 'GET',
    path: '/escrows/:escrowId/splits',
    summary: 'The splits that can still be agreed to, for the parties',
    signed: true,
    params: escrowParams,
    status: 200,
    response: splits,
  },
} as const satisfies Record<string, Route>
