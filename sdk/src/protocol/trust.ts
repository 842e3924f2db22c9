import * as z from 'zod'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash, hashBody } from './hash.ts'
import { jsonObject } from './json.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { usdc } from './money.ts'
import { signature, verifyBody } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

/** Weights of the twelve dimensions in percent; they add up to 100 (W-8, trust model version 1). */
export const DIMENSION_WEIGHTS = {
  accuracy: 14,
  reliability: 13,
  safety: 11,
  selfAudit: 9,
  security: 8,
  bondScore: 8,
  latency: 8,
  scopeHonesty: 7,
  costEfficiency: 7,
  modelCompliance: 5,
  runtimeCompliance: 5,
  harnessStability: 5,
} as const
export type Dimension = keyof typeof DIMENSION_WEIGHTS

const dimension = z.number().min(0).max(100).nullable()

/** 0 to 100 each; null where nothing was measured, never an invented number. */
export const breakdownSchema = signedObject({
  accuracy: dimension,
  reliability: dimension,
  safety: dimension,
  selfAudit: dimension,
  security: dimension,
  bondScore: dimension,
  latency: dimension,
  scopeHonesty: dimension,
  costEfficiency: dimension,
  modelCompliance: dimension,
  runtimeCompliance: dimension,
  harnessStability: dimension,
})
export type ScoreBreakdown = z.output<typeof breakdownSchema>

/** A reason to look twice; each can be appealed. */
export const flagSchema = signedObject({
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  reason: z.string().min(1).max(500),
  since: utc,
})
export type Flag = z.output<typeof flagSchema>

const share = z.number().min(0).max(1)
const count = z.int().min(0)

const pactRecordSchema = signedObject({
  pactId: hash,
  capability: z.string().min(1).max(64),
  verifiedAt: utc,
  fulfillmentRate: share,
  taskCount: count,
})

/** How an agent behaves when it buys (ORC-19). */
const buyerRecordSchema = signedObject({
  completed: count,
  disputesFiled: count,
  /** Mean share that went to the seller in disputes that ended; null without any. */
  sellerReleaseRate: share.nullable(),
})

/** What an event still costs, per dimension, in its points (W-43). */
const penaltySchema = signedObject({
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  at: utc,
  points: z.record(z.string().min(1).max(32), z.number().min(0)),
})

/** Evidence that came from another oracle, and how much of it the numbers of the answer count (TAP-17). */
export const importedSchema = signedObject({
  issuer: did,
  credentialId: z.string(),
  domain: z.string(),
  /** The operator's trust in the issuer. */
  weight: share,
  /** Trades that the issuer counted. */
  transactions: count,
  evidenceRoot: hash,
  /** Trades of evidence within `evidence`, good and bad; all imports together are three at most. */
  fulfilled: z.number().min(0),
  failed: z.number().min(0),
  /** Counts until then; asked of the issuer again before, and moved on while it is not revoked. */
  until: utc,
})
export type Imported = z.output<typeof importedSchema>

/** Who computed a score, and from where trust flows; whoever has all three recomputes it. */
export const scorerSchema = signedObject({
  version: z.string().min(1).max(64),
  codeHash: hash,
  /** `hashSeeds` of the pre-trusted agents that `GET /oracle` lists. */
  seeds: hash,
})

/** Commits to the pre-trusted agents of a scorer, in any order. */
export function hashSeeds(seeds: readonly string[]): string {
  return hashBody([...seeds].sort())
}

/** The oracle's answer about one agent in one role (ORC-01 to ORC-20, W-8, W-29). */
export const trustBodySchema = signedObject({
  agentId: did,
  role: z.enum(['seller', 'buyer']),
  /** The capability asked about; null for the whole record. */
  capability: z.string().min(1).max(64).nullable(),
  status: z.enum(['rated', 'unrated', 'frozen']),
  compositeScore: z.int().min(0).max(1000).nullable(),
  scoreBreakdown: breakdownSchema,
  certificationLevel: z.enum(['none', 'provisional', 'verified', 'trusted', 'elite']),
  bondTier: z.int().min(0).max(4),
  bondAmountUsdc: usdc,
  pacts: z.array(pactRecordSchema),
  fulfillmentRate90d: share.nullable(),
  tasksCompleted90d: count,
  lastActiveAt: utc.nullable(),
  memoryAttestations: count,
  incidentCount90d: count,
  /** Latest trade that settled; idle decay counts from here (W-22). */
  lastSettledAt: utc.nullable(),
  /** Composite points that idle weeks took: compositeScore = max(0, compositeOf(breakdown) - idleDecay). */
  idleDecay: count,
  /** Health outside the twelve dimensions (REP-10). */
  health: signedObject({ availability: z.number().min(0).max(100) }),
  /** Open penalties; their points are already taken from the breakdown. */
  penalties: z.array(penaltySchema),
  scoreUpdatedAt: utc,
  /** Probability that the next trade goes wrong. */
  failureProbability: share,
  lower: share,
  upper: share,
  /** In trades of a trusted counterparty; below 1 the agent is unrated. */
  evidence: z.number().min(0),
  counterparties: count,
  effectiveCounterparties: z.number().min(0),
  /** What of the evidence others vouch for; absent where all of it is this oracle's own. */
  imported: z.array(importedSchema).exactOptional(),
  flags: z.array(flagSchema),
  buyer: buyerRecordSchema,
  scorer: scorerSchema,
  /** Merkle root of the events behind the score. */
  eventRoot: hash,
  /** Least cost of raising this score by 100 by any published attack; null where a cheaper way is known. */
  costToFake100: usdc.nullable(),
  oracle: did,
  asOf: utc,
  validUntil: utc,
  /** The caller's nonce; null in an answer that is signed once per change. */
  nonce: z.string().max(128).nullable(),
})
export type TrustBody = z.output<typeof trustBodySchema>

/** The signed answer (signature type "trust" over all other fields). */
export const trustResponseSchema = trustBodySchema.extend({ signature })
export type TrustResponse = z.output<typeof trustResponseSchema>

const scoreSchema = z.object({
  /** Chance that a trade that failed was ranked above one that went well; null without both. */
  auc: share.nullable(),
  logLoss: z.number().min(0).nullable(),
  brier: share.nullable(),
  /** Forecasts from `from` to `to`: their mean, and the rate at which such trades failed. */
  calibration: z.array(z.object({ from: share, to: share, count, mean: share, rate: share })),
})

/** The oracle's account of its own forecasts over every escrow that counts, beside simpler methods. */
export const scoreboardSchema = z.object({
  events: count,
  failures: count,
  score: scoreSchema,
  pair: scoreSchema,
  baselines: z.record(z.string(), scoreSchema),
  scorer: scorerSchema,
  eventRoot: hash,
  asOf: utc,
})

/** Everything that moves scores, in its order: leaves of the Merkle tree of `eventRoot` (RFC 6962 over JCS). */
export const factsSchema = z.object({
  facts: z.array(z.object({ seq: z.int().min(1), fact: jsonObject })),
  /** Facts known in all, and the root over them. */
  size: count,
  eventRoot: hash,
})

/** Checks an answer of this oracle about this agent at a time (unix seconds). Throws `trust_unsigned`, `trust_mismatch`, `trust_stale`. */
export function verifyTrust(
  response: TrustResponse,
  options: { agent: string; oracle: string; now: number; nonce?: string; keyOf?: KeyResolver },
): void {
  const { agent, oracle, now, nonce, keyOf = ownKey } = options
  const { signature, ...body } = response
  const want = { agentId: agent, oracle, nonce: nonce ?? body.nonce }
  for (const [field, wanted] of Object.entries(want)) {
    const got = body[field as keyof typeof want]
    if (got === wanted) continue
    throw new EarnestError('trust_mismatch', `The answer is of another ${field}`, {
      details: { field, got, want: wanted },
    })
  }
  const wire = encode(trustBodySchema, body, 'invalid_trust')
  const publicKey = keyOf(oracle, body.asOf)
  if (!verifyBody({ type: 'trust', body: wire, signature, publicKey })) {
    throw new EarnestError('trust_unsigned', 'Not signed by the oracle')
  }
  if (body.asOf > now + 300 || now >= body.validUntil) {
    throw new EarnestError('trust_stale', 'The answer has run out', { retryable: true })
  }
}

/** The composite (0 to 1000) out of a breakdown: weights renormalised over what was measured; null where nothing was (ORC-03). */
export function compositeOf(breakdown: ScoreBreakdown): number | null {
  let sum = 0
  let weights = 0
  for (const [name, weight] of Object.entries(DIMENSION_WEIGHTS)) {
    const value = breakdown[name as Dimension]
    if (value === null) continue
    sum += value * weight
    weights += weight
  }
  return weights === 0 ? null : Math.round((10 * sum) / weights)
}
