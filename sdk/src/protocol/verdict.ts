import * as z from 'zod'
import { word } from './address.ts'
import { encode } from './decode.ts'
import { hash, hashBody } from './hash.ts'
import { utc } from './time.ts'

/** What one judge answers (DSP-12, DSP-13). */
export const judgeVerdictSchema = z.strictObject({
  scopeMet: z.enum(['yes', 'no', 'partial']),
  qualityMet: z.boolean(),
  /** Share of the escrow for the seller, in whole percent. */
  releasePercentage: z.int().min(0).max(100),
  reasoning: z.string().min(1).max(4000),
})
export type JudgeVerdict = z.output<typeof judgeVerdictSchema>

/** One question to one model and the raw answer. */
const callSchema = z.strictObject({
  /** Which side's material stands first. */
  order: z.enum(['normal', 'swapped']),
  /** SHA-256 of the full prompt, which the record carries under `prompts`. */
  promptHash: hash,
  raw: z.string(),
  /** Null: not a verdict; the code says why. */
  verdict: judgeVerdictSchema.nullable(),
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
})

/** One seat of the jury. */
export const seatSchema = z.strictObject({
  seat: z.int().min(0).max(20),
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(128),
  /** Calibrated weight as decimal text, so that a recomputation is exact. */
  weight: z.string().regex(/^(0|[1-9]\d*)(\.\d+)?$/),
  calls: z.array(callSchema).max(10),
  /** Null: the seat abstained. */
  verdict: judgeVerdictSchema.nullable(),
})
export type Seat = z.output<typeof seatSchema>

/** Everything by which a jury's split can be recomputed bit for bit (DSP-23). */
export const verdictRecordSchema = z.strictObject({
  version: z.literal('1'),
  escrowId: word,
  pactId: hash,
  round: z.int().min(1).max(255),
  tier: z.enum(['T1', 'T2', 'T3']),
  /** The evidence package that every judge got (DSP-06, DSP-27). */
  packageHash: hash,
  /** The published rule that turns votes into the split. */
  rule: z.string().min(1).max(64),
  rosterHash: hash,
  /** Full prompts by their SHA-256. */
  prompts: z.record(hash, z.string()),
  seats: z.array(seatSchema).max(20),
  /** Null: no quorum, the next tier decides. */
  sellerBps: z.int().min(0).max(10_000).nullable(),
  /** Votes that were independent of each other, as decimal text. */
  effectiveVotes: z.string(),
  decidedAt: utc,
})
export type VerdictRecord = z.output<typeof verdictRecordSchema>

/** The `recordHash` of a proposal or ruling. */
export function hashVerdict(record: VerdictRecord): string {
  return hashBody(encode(verdictRecordSchema, record, 'invalid_verdict'))
}
