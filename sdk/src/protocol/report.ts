import * as z from 'zod'
import { word } from './address.ts'
import { encode } from './decode.ts'
import { hash, hashBody } from './hash.ts'
import { RESULT } from './statement.ts'
import { utc } from './time.ts'

/** PASS, PARTIAL and FAIL are attested; UNDECIDED means that only people or a jury can say, and nothing is attested. */
export const resultSchema = z.enum(['PASS', 'PARTIAL', 'FAIL', 'UNDECIDED'])
export type VerificationResult = z.infer<typeof resultSchema>

/** The outcome of one check. */
export const checkSchema = z.strictObject({
  /** Id of the criterion; `format:<mime>` and `deadline` for what every pact demands. */
  id: z.string().min(1).max(200),
  /** The verifier's type. */
  verifier: z.enum(['format', 'schema', 'path', 'deadline', 'metric', 'http', 'jury']),
  /** 0 for a condition, whose failure fails the whole delivery. */
  weight: z.int().min(0),
  outcome: z.enum(['pass', 'fail', 'undecided']),
  /** Stable reason; `met` where nothing is wrong. */
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  /** What is missing or wrong, by name: files, paths, request numbers. */
  missing: z.array(z.string().max(600)).max(200),
  /** What the engine computed itself, as decimal text; null where there is no number. */
  measured: z.string().nullable(),
  /** SHA-256 of the recorded HTTP answers, which a recomputation needs; else null. */
  transcript: hash.nullable(),
})
export type Check = z.output<typeof checkSchema>

/** What the oracle found; anybody who holds the files computes the same bytes (REP-06, SET-08). */
export const reportSchema = z.strictObject({
  version: z.literal('1'),
  engine: z.string().min(1).max(40),
  pactId: hash,
  escrowId: word,
  milestone: z.int().min(0).max(65_535),
  round: z.int().min(1).max(255),
  artifactHash: hash,
  /** Chain or oracle time, never the seller's. */
  deliveredAt: utc,
  result: resultSchema,
  /** Weight that passed over weight that was decided, floored; 10000 is all of it (W-46). */
  passedBps: z.int().min(0).max(10_000),
  findings: z.array(checkSchema),
  /** Hashes of deposits that were not there; what they would have checked counts as passed. */
  missingDeposits: z.array(hash),
})
export type VerificationReport = z.output<typeof reportSchema>

/** The hash that the attestation carries on chain. */
export function hashReport(report: VerificationReport): string {
  return hashBody(encode(reportSchema, report, 'invalid_report'))
}

/** The contract's number for a result; 0 where nothing can be attested. */
export function resultCode(result: VerificationResult): bigint {
  switch (result) {
    case 'PASS':
      return RESULT.pass
    case 'PARTIAL':
      return RESULT.partial
    case 'FAIL':
      return RESULT.fail
    case 'UNDECIDED':
      return RESULT.none
  }
}
