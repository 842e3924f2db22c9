import * as z from 'zod'
import { bytes, word } from './address.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import type { Identity } from './identity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { artifactHash, manifestSchema } from './manifest.ts'
import { signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'

const metricsSchema = z.strictObject({
  latencyMs: z.int().min(0),
  modelVersionUsed: z.string().max(200).exactOptional(),
  /** Reported by the seller: recorded, never believed (W-9). */
  confidenceScore: z.number().min(0).max(1).nullable().exactOptional(),
  selfAuditScore: z.number().min(0).max(1).exactOptional(),
})

/** What a seller says it delivered (SET-01); bound to one escrow, round, oracle and nonce (W-2). */
export const completionBodySchema = z.strictObject({
  escrowId: word,
  pactId: hash,
  /** The round that this delivery opens; the first is 1. */
  round: z.int().min(1).max(255),
  seller: did,
  /** The oracle's DID. */
  audience: did,
  /** SHA-256 of the canonical manifest. */
  deliverableHash: hash,
  manifest: manifestSchema,
  /** The seller's own clock: recorded, never believed (SET-05). */
  completionTimeUtc: utc,
  executionMetrics: metricsSchema,
  nonce: z.uuid().lowercase(),
})
export type CompletionBody = z.output<typeof completionBodySchema>

/** The proof as it is sent: the body, the agent's signature, the wallet's consent to `deliver`. */
export const completionProofSchema = completionBodySchema.extend({
  sellerSignature: signature,
  sellerAuthorization: z.strictObject({
    /** `validBefore` and signature over `Deliver`, as the contract takes it. */
    authorization: bytes,
    /** What the signature says about reserving the seller's bond. */
    reserve: z.boolean(),
  }),
})
export type CompletionProof = z.output<typeof completionProofSchema>

/** Signs a completion as the seller. Throws `signer_not_party`, `hash_mismatch`. */
export function signCompletion(options: { body: CompletionBody; identity: Identity }): string {
  const { body, identity } = options
  if (identity.did !== body.seller) {
    throw new EarnestError('signer_not_party', 'Only the seller signs a completion')
  }
  assertHash(body)
  return identity.sign({ type: 'completion', body: wireOf(body) })
}

/** Checks hash and signature of a proof at a time (unix seconds). Throws `hash_mismatch`, `invalid_seller_signature`. */
export function verifyCompletion(
  proof: CompletionProof,
  { now, keyOf = ownKey }: { now: number; keyOf?: KeyResolver },
): void {
  const { sellerSignature, sellerAuthorization: _, ...body } = proof
  assertHash(body)
  const publicKey = keyOf(body.seller, now)
  const signed = { type: 'completion', body: wireOf(body) } as const
  if (!verifyBody({ ...signed, signature: sellerSignature, publicKey })) {
    throw new EarnestError('invalid_seller_signature', 'Not signed by the seller')
  }
}

function assertHash({ deliverableHash, manifest }: CompletionBody): void {
  const want = artifactHash(manifest)
  if (deliverableHash !== want) {
    throw new EarnestError('hash_mismatch', 'deliverableHash is not the hash of the manifest', {
      details: { got: deliverableHash, want },
    })
  }
}

function wireOf(body: CompletionBody) {
  return encode(completionBodySchema, body, 'invalid_completion')
}
