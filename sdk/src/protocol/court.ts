import * as z from 'zod'
import { address, word } from './address.ts'
import { capability } from './agent.ts'
import { did } from './did.ts'
import { STRIKE_REASONS } from './docket.ts'
import type { Route } from './endpoint.ts'
import { hash } from './hash.ts'
import { json } from './json.ts'
import { usdc } from './money.ts'
import { utc } from './time.ts'
import { verdictRecordSchema } from './verdict.ts'

const escrowParams = z.strictObject({ escrowId: word })
const bps = z.int().min(0).max(10_000)
/** A whole number of any size: decimal on the wire, `bigint` in memory. */
const count64 = z.codec(z.string().regex(/^(0|[1-9]\d{0,19})$/), z.bigint().min(0n), {
  decode: (text) => BigInt(text),
  encode: String,
})

/** One leaf of a pool: who may be drawn, and how likely. */
export const poolMemberSchema = z.object({
  member: address,
  /** Capped reputation in the pool's domain. */
  weight: count64,
  /** Settled trades in the domain. */
  trades: z.int().min(0),
})

/** A committee pool as it was anchored; anyone plants the same tree from its leaves. */
export const poolRecordSchema = z.object({
  number: z.int().min(1),
  arbiter: address,
  committee: address,
  capability,
  /** keccak256 of the capability's name. */
  domain: word,
  root: word,
  total: count64,
  /** Which score the weights are, and over which events. */
  scorer: z.string().min(1).max(64),
  eventRoot: hash,
  plannedAt: utc,
  anchoredAt: utc.nullable(),
  members: z.array(poolMemberSchema).max(10_000),
})
export type PoolRecord = z.output<typeof poolRecordSchema>

/** A leaf with its way to the root, as `Committee.draw` takes it. */
export const poolProofSchema = poolMemberSchema.extend({
  root: word,
  index: z.int().min(0),
  siblings: z.string().regex(/^0x([0-9a-f]{80})*$/),
})

/** Why a member should not sit, as far as the oracle's record shows; what a party strikes with. */
export const conflictSchema = z.strictObject({
  reason: z.enum(STRIKE_REASONS),
  /** The party that the member is tied to. */
  with: z.enum(['buyer', 'seller']),
  detail: z.string().max(300),
  /** SHA-256 of the canonical form of this conflict without this field. */
  evidenceHash: hash,
})
export type Conflict = z.output<typeof conflictSchema>

const drawnSchema = z.object({
  member: address,
  did: did.nullable(),
  struck: z.object({ by: address, reason: z.enum(STRIKE_REASONS), evidenceHash: word }).nullable(),
  /** Rank among the seven; null: in reserve, or struck. */
  seat: z.int().min(0).max(6).nullable(),
  committed: z.boolean(),
  sellerBps: bps.nullable(),
  slashed: usdc.nullable(),
  conflicts: z.array(conflictSchema),
})

/** A panel of the committee and where it stands. */
export const panelRecordSchema = z.object({
  openBlock: z.int().min(0),
  openedAt: utc,
  phase: z.enum(['draw', 'strike', 'commit', 'reveal', 'over']),
  phaseEnds: utc.nullable(),
  seedBlock: z.int().nullable(),
  seed: word.nullable(),
  drawn: z.array(drawnSchema).max(14),
  decided: z.boolean().nullable(),
  sellerBps: bps.nullable(),
  recordHash: word.nullable(),
})

/** Everything that arbiter and committee said about one escrow. */
export const docketRecordSchema = z.object({
  escrowId: word,
  arbiter: address,
  stage: z.enum(['none', 'proposed', 'sitting', 'moderation', 'lapsed', 'closed']),
  proposal: z
    .object({ byCommittee: z.boolean(), sellerBps: bps, recordHash: word, appealEnd: utc })
    .nullable(),
  appeal: z.object({ by: address, bondUsdc: usdc, won: z.boolean().nullable() }).nullable(),
  panels: z.array(panelRecordSchema).max(2),
  decision: z.object({ sellerBps: bps, recordHash: word, executed: z.boolean() }).nullable(),
})
export type DocketRecord = z.output<typeof docketRecordSchema>

const spreadSchema = z.object({
  cases: z.int().min(0),
  /** Null without a case. */
  mean: z.number().nullable(),
  /** 95 % interval of the mean; null below two cases. */
  low: z.number().nullable(),
  high: z.number().nullable(),
})
export type Spread = z.output<typeof spreadSchema>

const tierSchema = z.object({
  cases: z.int().min(0),
  /** Seconds from escalation to ruling. */
  latency: z.object({
    p50: z.number().nullable(),
    p95: z.number().nullable(),
    longest: z.number().nullable(),
  }),
  /** Share of judges or seats that had shown competence in the case's domain; null where nobody measured. */
  domainMatch: z.number().min(0).max(1).nullable(),
  /** Seller's share beyond what the recomputable checks gave, in percent of the amount: 0 is no bias. */
  bias: z.object({
    all: spreadSchema,
    disputedByBuyer: spreadSchema,
    disputedBySeller: spreadSchema,
  }),
  appealed: z.int().min(0),
  overturned: z.int().min(0),
})

/** The three properties of an arbiter: fast, competent, aligned (UNS-13, TAP-22). */
export const arbiterStatisticsSchema = z.object({
  arbiter: address,
  asOf: utc,
  jury: tierSchema,
  committee: tierSchema,
  moderator: tierSchema,
  /** Seconds that a ruling should take at most, and how many took longer or still do. */
  target: z.object({ seconds: z.int(), late: z.int().min(0), open: z.int().min(0) }),
  /** Judges by `provider/model`: known cases put to it, and the share that it got right. */
  judges: z.array(
    z.object({
      model: z.string(),
      known: z.int().min(0),
      right: z.number().min(0).max(1).nullable(),
    }),
  ),
})
export type ArbiterStatistics = z.output<typeof arbiterStatisticsSchema>

/** What a tribunal reads: the stored package with the hash that its record names. */
export const packageRecordSchema = z.object({
  packageHash: hash,
  package: json,
})

/** The routes about what stands above an escrow. */
export const courtRoutes = {
  listPools: {
    method: 'GET',
    path: '/pools',
    signed: false,
    query: z.strictObject({ capability: capability.optional() }),
    status: 200,
    response: z.object({
      pools: z.array(poolRecordSchema.omit({ members: true }).extend({ members: z.int().min(0) })),
    }),
  },
  getPool: {
    method: 'GET',
    path: '/pools/:number',
    signed: false,
    params: z.strictObject({ number: z.coerce.number().int().min(1) }),
    status: 200,
    response: poolRecordSchema,
  },
  getPoolProof: {
    method: 'GET',
    path: '/pools/:number/members/:member',
    signed: false,
    params: z.strictObject({ number: z.coerce.number().int().min(1), member: address }),
    status: 200,
    response: poolProofSchema,
  },
  getDocket: {
    method: 'GET',
    path: '/disputes/:escrowId/docket',
    signed: false,
    params: escrowParams,
    status: 200,
    response: docketRecordSchema,
  },
  getPackage: {
    method: 'GET',
    path: '/disputes/:escrowId/package',
    signed: true,
    params: escrowParams,
    status: 200,
    response: packageRecordSchema,
  },
  getFullRecord: {
    method: 'GET',
    path: '/disputes/:escrowId/record/full',
    signed: true,
    params: escrowParams,
    status: 200,
    response: verdictRecordSchema,
  },
  getArbiter: {
    method: 'GET',
    path: '/arbiters/:arbiter',
    signed: false,
    params: z.strictObject({ arbiter: address }),
    status: 200,
    response: arbiterStatisticsSchema,
  },
} as const satisfies Record<string, Route>
