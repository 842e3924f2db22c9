import * as z from 'zod'
import { bytes, word } from './address.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import type { Identity } from './identity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { manifestSchema } from './manifest.ts'
import { pactSchema } from './pact.ts'
import { signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'

/** URI of the A2A extension: pact negotiation and work under escrow. */
export const PACT_EXTENSION = 'urn:earnest:a2a:pact-escrow:v1'
/** URI of the A2A extension: the agent's identifier, key log and oracles; data only. */
export const TRUST_EXTENSION = 'urn:earnest:a2a:trust:v1'

/** `taskType` of a proposal (PCT-15). */
export const PACT_NEGOTIATION = 'pact_negotiation'

const code = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/)
const reason = z.string().min(1).max(2000)

/** "These are my terms": the pact with the proposer's signature over it (PCT-15). */
export const proposalMessageSchema = z.strictObject({
  taskType: z.literal(PACT_NEGOTIATION),
  payload: z.strictObject({ pact: pactSchema, pactHash: hash, signature }),
})
export type ProposalMessage = z.output<typeof proposalMessageSchema>

/** "I sign your counter-proposal as it is" (PCT-17); the signature is over the pact itself. */
export const acceptanceMessageSchema = z.strictObject({
  taskType: z.literal('pact_acceptance'),
  payload: z.strictObject({
    pactHash: hash,
    acceptedBy: did,
    acceptedAt: utc,
    signature,
    amendments: z.null(),
  }),
})
export type AcceptanceMessage = z.output<typeof acceptanceMessageSchema>

const rejectionBodySchema = z.strictObject({
  pactHash: hash,
  rejectedBy: did,
  rejectedAt: utc,
  reasonCode: code,
  rejectionReason: reason,
})
export type RejectionBody = z.output<typeof rejectionBodySchema>

/** "No": ends the negotiation; signed (type "rejection"), or anybody on the line could end it. */
export const rejectionMessageSchema = z.strictObject({
  taskType: z.literal('pact_rejection'),
  payload: rejectionBodySchema.extend({ signature }),
})
export type RejectionMessage = z.output<typeof rejectionMessageSchema>

/** "It is funded, begin": the seller believes the chain, not this message (ESC-13), and works on the pact's own input. */
export const workMessageSchema = z.strictObject({
  /** The pact's capability. */
  taskType: z.string().regex(/^(?!pact_|settlement_)[a-z][a-z0-9_.-]{0,63}$/),
  escrowId: word,
  pactId: hash,
  milestone: z.int().min(0).max(65_535).exactOptional(),
})
export type WorkMessage = z.output<typeof workMessageSchema>

const offerBodySchema = z.strictObject({
  escrowId: word,
  pactId: hash,
  milestone: z.int().min(0).max(65_535).exactOptional(),
  /** The seller's share, basis points. */
  sellerBps: z.int().min(0).max(10_000),
  /** The buyer's signed consent to exactly this split (`settle`), as the contract takes it. */
  authorization: bytes,
  offeredBy: did,
  offeredAt: utc,
})
export type OfferBody = z.output<typeof offerBodySchema>

/** "Let us split it": a signed settlement, agent to agent, with no oracle in it. */
export const offerMessageSchema = z.strictObject({
  taskType: z.literal('settlement_offer'),
  payload: offerBodySchema.extend({ signature }),
})
export type OfferMessage = z.output<typeof offerMessageSchema>

/** Every request that a seller answers. */
export const requestMessageSchema = z.union([
  proposalMessageSchema,
  acceptanceMessageSchema,
  rejectionMessageSchema,
  offerMessageSchema,
  workMessageSchema,
])
export type RequestMessage = z.output<typeof requestMessageSchema>

/** Every answer of a seller, told apart by `status` (PCT-23, SET-13). */
export const responseMessageSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('accepted'), pactHash: hash, sellerSignature: signature }),
  z.strictObject({
    status: z.literal('counter_proposed'),
    amendedPact: pactSchema,
    amendedPactHash: hash,
    sellerSignature: signature,
    reasonCode: code.exactOptional(),
    reason: reason.exactOptional(),
  }),
  z.strictObject({
    status: z.literal('rejected'),
    pactHash: hash,
    rejectedBy: did,
    rejectedAt: utc,
    reasonCode: code,
    rejectionReason: reason,
    signature,
  }),
  z.strictObject({ status: z.literal('declined'), reasonCode: code, reason }),
  z.strictObject({
    status: z.literal('working'),
    pactId: hash,
    escrowId: word,
    note: z.string().max(2000).exactOptional(),
  }),
  z.strictObject({
    status: z.literal('execution_failed'),
    pactId: hash,
    escrowId: word,
    reasonCode: code,
    reason,
  }),
  z.strictObject({
    status: z.literal('completed'),
    pactId: hash,
    escrowId: word,
    deliverableHash: hash,
    /** The files themselves come from the oracle, after the delivery stands on chain. */
    deliverable: manifestSchema.exactOptional(),
    completionTimeUtc: utc,
  }),
  z.strictObject({ status: z.literal('settled'), escrowId: word, txHash: word }),
  z.strictObject({
    status: z.literal('counter_offered'),
    escrowId: word,
    sellerBps: z.int().min(0).max(10_000),
    /** The seller's signed consent to this split, for the buyer to send. */
    authorization: bytes,
    reason,
  }),
])
export type ResponseMessage = z.output<typeof responseMessageSchema>

/** Signs a rejection. Throws `signer_not_party`. */
export function signRejection(options: { body: RejectionBody; identity: Identity }): string {
  const { body, identity } = options
  if (identity.did !== body.rejectedBy) {
    throw new EarnestError('signer_not_party', 'A rejection is signed by whom it names')
  }
  return identity.sign({ type: 'rejection', body: rejectionWire(body) })
}

/** Checks a rejection. Throws `invalid_rejection`. */
export function verifyRejection(
  { body, signature }: { body: RejectionBody; signature: string },
  keyOf: KeyResolver = ownKey,
): void {
  const publicKey = keyOf(body.rejectedBy, body.rejectedAt)
  if (!verifyBody({ type: 'rejection', body: rejectionWire(body), signature, publicKey })) {
    throw new EarnestError('invalid_rejection', 'Not signed by whom it names')
  }
}

/** Signs a settlement offer. Throws `signer_not_party`. */
export function signOffer(options: { body: OfferBody; identity: Identity }): string {
  const { body, identity } = options
  if (identity.did !== body.offeredBy) {
    throw new EarnestError('signer_not_party', 'An offer is signed by whom it names')
  }
  return identity.sign({ type: 'message', body: encode(offerBodySchema, body, 'invalid_offer') })
}

/** Checks a settlement offer. Throws `invalid_offer`. */
export function verifyOffer(
  { body, signature }: { body: OfferBody; signature: string },
  keyOf: KeyResolver = ownKey,
): void {
  const publicKey = keyOf(body.offeredBy, body.offeredAt)
  const wire = encode(offerBodySchema, body, 'invalid_offer')
  if (!verifyBody({ type: 'message', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_offer', 'Not signed by whom it names')
  }
}

function rejectionWire(body: RejectionBody) {
  return encode(rejectionBodySchema, body, 'invalid_rejection')
}
