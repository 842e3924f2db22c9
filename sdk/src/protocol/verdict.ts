import * as z from 'zod'
import { word } from './address.ts'
import { probeSchema } from './calibration.ts'
import { encode } from './decode.ts'
import { hash, hashBody } from './hash.ts'
import { utc } from './time.ts'

/** What one judge answers (DSP-12, DSP-13). */
export const judgeVerdictSchema = z.strictObject({
  scopeMet: z.enum(['yes', 'no', 'partial']),
  qualityMet: z.boolean(),
  /** The work itself did harm or broke security, however good it is; absent from answers of before the question. */
  harm: z.boolean().exactOptional(),
  /** Share of the escrow for the seller, in whole percent. */
  releasePercentage: z.int().min(0).max(100),
  /** Five sentences at most. */
  reasoning: z.string().min(1).max(4000),
})
export type JudgeVerdict = z.output<typeof judgeVerdictSchema>

/** The wire form of an answer: the verdict and the nonce that only this case's prompt names. */
export const judgeAnswerSchema = judgeVerdictSchema.extend({ caseNonce: z.string().max(64) })

/** A verdict without its words, which may quote what the record must not disclose (DRV-18). */
export const findingSchema = judgeVerdictSchema.omit({ reasoning: true })
export type Finding = z.output<typeof findingSchema>

/**
 * What a judge is asked: the case with either side's words first, and its counterfactual twins, the
 * case without its instruction-like sentences and the case without a deliverable.
 */
export const questionSchema = z.enum(['normal', 'swapped', 'stripped', 'empty'])
export type Question = z.output<typeof questionSchema>

/** One question to one model, and what came back. */
export const callSchema = z.strictObject({
  question: questionSchema,
  /** SHA-256 of the full prompt. */
  promptHash: hash,
  /** SHA-256 of the raw answer; of the empty text where none came. */
  answerHash: hash,
  /** `ok` or `reasoning_cut` with a finding; else why there is none. */
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  finding: findingSchema.nullable(),
})
export type Call = z.output<typeof callSchema>

/** One seat of the jury. */
export const seatSchema = z.strictObject({
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(128),
  /** In the order in which they were made; the last of a question counts (W-35). */
  calls: z.array(callSchema).max(12),
  /** Share for the seller in basis points; null where the seat abstained. */
  voteBps: z.int().min(0).max(10_000).nullable(),
  /** `ok`, or why the seat abstained. */
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  /** Calibrated log-odds in ten-thousandths; negative for a seat that errs by rule. */
  logOdds: z.int(),
  /** What the vote weighed in the median. */
  weight: z.int().min(0),
})
export type Seat = z.output<typeof seatSchema>

/** Everything by which a jury's split can be recomputed bit for bit (DSP-23). */
export const verdictRecordSchema = z.strictObject({
  version: z.literal('1'),
  escrowId: word,
  pactId: hash,
  round: z.int().min(1).max(255),
  tier: z.literal('T1'),
  /** The evidence package that every judge got (DSP-06, DSP-27). */
  packageHash: hash,
  /** The published rule that turns votes into the split. */
  rule: z.string().min(1).max(64),
  rosterHash: hash,
  /** SHA-256 of the judges' standing instruction before the case's marks are filled in (DSP-09). */
  instructionHash: hash,
  /** What every answer had to repeat, and what none may contain. */
  nonce: z.string().max(64),
  canary: z.string().max(64),
  /** What the deterministic checks leave to decide: no more than this for the seller. */
  capBps: z.int().min(0).max(10_000),
  /** The known answers that the weights were learnt from. */
  probes: z.array(probeSchema).max(1000),
  seats: z.array(seatSchema).max(20),
  /** Null: no quorum, the next rung decides. */
  sellerBps: z.int().min(0).max(10_000).nullable(),
  /** Signed log-odds for the seller in ten-thousandths. */
  leaning: z.int(),
  /** Votes that were independent of each other, in ten-thousandths. */
  effectiveVotes: z.int().min(0),
  /** Weighted mean distance from the median, in basis points. */
  dissentBps: z.int().min(0),
  /** The trimmed mean in basis points: a diagnostic, which decides nothing (W-6). */
  trimmedMeanBps: z.int().nullable(),
  /** Why the case should go up although it may have a number; empty: it need not. */
  doubts: z.array(z.string()).max(10),
  /** Signs of instructions to the judges in the evidence; they raise review and decide nothing. */
  suspicions: z.array(z.string().max(200)).max(100),
  decidedAt: utc,
  /** Prompts and raw answers by their SHA-256; what the pact does not disclose is left out (DSP-24). */
  texts: z.record(hash, z.string()),
})
export type VerdictRecord = z.output<typeof verdictRecordSchema>

/** The `recordHash` of a proposal or ruling; the texts stand in it by their hashes alone. */
export function hashVerdict(record: VerdictRecord): string {
  const { texts, ...public_ } = encode(verdictRecordSchema, record, 'invalid_verdict')
  return hashBody(public_)
}

/** The record as anyone may read it: every text left out that is not on the list of hashes. */
export function redactVerdict(
  record: VerdictRecord,
  disclosed: readonly string[] = [],
): VerdictRecord {
  const texts = Object.entries(record.texts).filter(([key]) => disclosed.includes(key))
  return { ...record, texts: Object.fromEntries(texts) }
}
