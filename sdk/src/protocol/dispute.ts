import * as z from 'zod'
import { word } from './address.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { hash, hashBody } from './hash.ts'
import { json } from './json.ts'
import { signature } from './signature.ts'
import { utc } from './time.ts'

/**
 * Why a delivery is disputed (DSP-03). `harmful`: it did harm, or holds what is dangerous;
 * `security_breach`: it leaks secrets, or holds malicious code or instructions against its reader.
 */
export const disputeReasonSchema = z.enum([
  'scope_violation',
  'quality_below_threshold',
  'wrong_format',
  'late_delivery',
  'incomplete',
  'not_original',
  'wrong_verification',
  'harmful',
  'security_breach',
  'other',
])
export type DisputeReason = z.infer<typeof disputeReasonSchema>

/** One piece of evidence, in the source document's three kinds (DSP-02). */
export const evidenceSchema = z.strictObject({
  type: z.enum(['pact_terms', 'deliverable', 'specific_claim']),
  content: json,
  /** SHA-256 of what the content is said to be; without a match it is marked unverified. */
  sha256: hash.exactOptional(),
})
export type Evidence = z.output<typeof evidenceSchema>

const evidenceList = z.array(evidenceSchema).max(50)

/** A claim; its hash goes into `dispute` on chain. */
export const claimSchema = z.strictObject({
  escrowId: word,
  pactId: hash,
  round: z.int().min(1).max(255),
  disputedBy: did,
  reason: disputeReasonSchema,
  claim: z.string().min(1).max(10_000),
  evidence: evidenceList,
  claimedAt: utc,
  nonce: z.uuid().lowercase(),
})
export type Claim = z.output<typeof claimSchema>

/** The seller's answer; its hash goes into `defend` on chain. An empty explanation is refused (TOL-10). */
export const defenceSchema = z.strictObject({
  escrowId: word,
  pactId: hash,
  defendedBy: did,
  explanation: z
    .string()
    .max(10_000)
    .refine((text) => text.trim() !== '', 'want an explanation'),
  evidence: evidenceList,
  defendedAt: utc,
  nonce: z.uuid().lowercase(),
})
export type Defence = z.output<typeof defenceSchema>

/** More evidence while the dispute runs (DSP-25). */
export const submissionSchema = z.strictObject({
  escrowId: word,
  submittedBy: did,
  evidence: evidenceList.min(1),
  submittedAt: utc,
  nonce: z.uuid().lowercase(),
})
export type Submission = z.output<typeof submissionSchema>

/** The claim with the agent's signature (type "claim"). */
export const signedClaimSchema = z.strictObject({ body: claimSchema, signature })
/** The answer with the agent's signature (type "defence"). */
export const signedDefenceSchema = z.strictObject({ body: defenceSchema, signature })
/** The evidence with the agent's signature (type "evidence"). */
export const signedSubmissionSchema = z.strictObject({ body: submissionSchema, signature })

/** The `claimHash` of the contract's `dispute`. */
export function hashClaim(claim: Claim): string {
  return hashBody(encode(claimSchema, claim, 'invalid_claim'))
}

/** The `responseHash` of the contract's `defend`. */
export function hashDefence(defence: Defence): string {
  return hashBody(encode(defenceSchema, defence, 'invalid_defence'))
}
