import * as z from 'zod'
import { address, word } from './address.ts'
import { did } from './did.ts'
import { evidenceSchema, signedClaimSchema, signedDefenceSchema } from './dispute.ts'
import { failureCodeSchema } from './failure.ts'
import { hash } from './hash.ts'
import { manifestSchema } from './manifest.ts'
import { reportSchema } from './report.ts'
import { utc } from './time.ts'
import { verdictRecordSchema } from './verdict.ts'

/** The words behind the public hashes of one round, for the parties (DRV-18). */
export const papersSchema = z.object({
  escrowId: word,
  pactId: hash,
  round: z.int().min(1),
  /** Of the delivery, also of one that does not stand on chain yet; null before one was handed in. */
  manifest: manifestSchema.nullable(),
  /** Null before the delivery was checked. */
  report: reportSchema.nullable(),
  /** At most one of each side. */
  claims: z.array(signedClaimSchema).max(2),
  defence: signedDefenceSchema.nullable(),
  /** The seller's word that it could not do the work; public is the code alone. */
  failure: z
    .object({ failureCode: failureCodeSchema, failureReason: z.string(), reportedAt: utc })
    .nullable(),
  /** The seller's word on taking its offer back. */
  cancellation: z.object({ reason: z.string(), cancelledAt: utc }).nullable(),
  /** What a moderator decided and why, once the chain has it; absent where none did (TRZ-06). */
  decision: z
    .object({
      sellerBps: z.int().min(0).max(10_000),
      reason: z.string(),
      recordHash: hash,
      /** Wallets that signed it. */
      moderators: z.array(address),
      decidedAt: utc,
    })
    .exactOptional(),
  /** What the jury wrote in a spot check of this round; absent where it made none (UNS-01). */
  spotCheck: verdictRecordSchema.exactOptional(),
  evidence: z.array(
    evidenceSchema.strip().extend({
      sha256: hash,
      submittedBy: did,
      at: utc,
      /** True where it matches the record; of a delivered file the content is its line of the manifest. */
      verified: z.boolean(),
    }),
  ),
})
export type Papers = z.output<typeof papersSchema>
