import * as z from 'zod'
import { address, bytes, chainId, word } from './address.ts'
import { agentRecordSchema, capability, heartbeatSchema, registrationSchema } from './agent.ts'
import { completionProofSchema } from './completion.ts'
import { courtRoutes } from './court.ts'
import { fileName, mime } from './criterion.ts'
import { did } from './did.ts'
import {
  disputeReasonSchema,
  signedClaimSchema,
  signedDefenceSchema,
  signedSubmissionSchema,
} from './dispute.ts'
import { API_BASE, type Route } from './endpoint.ts'
import { eventSchema } from './event.ts'
import { failureSchema } from './failure.ts'
import { flagAppealRecordSchema, flagAppealSchema } from './flagAppeal.ts'
import { readReceiptSchema, signedGrantSchema } from './grant.ts'
import { hash } from './hash.ts'
import { keyEntrySchema, keyLogSchema } from './keylog.ts'
import { manifestSchema } from './manifest.ts'
import { usdc } from './money.ts'
import { offerRoutes } from './offer.ts'
import { pactSchema } from './pact.ts'
import { cursor, pageQuery } from './page.ts'
import { papersSchema } from './papers.ts'
import { portableRoutes } from './portable.ts'
import { quoteSchema } from './quote.ts'
import { recourseRecordSchema } from './recourse.ts'
import { reportSchema, resultSchema } from './report.ts'
import { attestationSchema, settlementSchema } from './settlement.ts'
import { signature } from './signature.ts'
import { spotCheckSchema, spotPolicySchema } from './spot.ts'
import { escrowStateSchema, pactStatusSchema } from './status.ts'
import { utc } from './time.ts'
import { factsSchema, scoreboardSchema, scorerSchema, trustResponseSchema } from './trust.ts'
import { verdictRecordSchema } from './verdict.ts'
import { noticesSchema, subscriptionSchema, webhookSchema } from './webhook.ts'

const didParams = z.strictObject({ did })
const pactParams = z.strictObject({ pactId: hash })
const escrowParams = z.strictObject({ escrowId: word })
const webhookParams = z.strictObject({ webhookId: z.uuid() })
/** The current round, where it is left out. */
const roundQuery = z.strictObject({ round: z.coerce.number().int().min(1).max(255).optional() })

/** Who this oracle is and what it will witness. */
export const oracleInfoSchema = z.object({
  did,
  keyLog: keyLogSchema.exactOptional(),
  chainId,
  escrow: address,
  token: address,
  tokenName: z.string(),
  tokenVersion: z.string(),
  vault: address,
  /** Arbiters and fee recipients whose escrows count. */
  arbiters: z.array(address),
  feeRecipients: z.array(address),
  fees: z.object({ protocolBps: z.int(), arbitrationBps: z.int() }),
  /** Addresses of the keys that sign receipts and results. */
  attestors: z.array(address),
  /** The ladder that new pacts name by default. */
  ladder: hash,
  scorer: scorerSchema,
  /** Pre-trusted agents, from which all trust flows; without any nobody can be rated. */
  seeds: z.array(did),
  /** What a newcomer without a bond may have open in all. */
  newcomerCapUsdc: usdc,
  /** Issuers whose credentials count here, and how much; absent where there are none. */
  issuers: z.record(did, z.number().min(0).max(1)).exactOptional(),
  /** Absent from an oracle of before. */
  spotChecks: spotPolicySchema.exactOptional(),
  /**
   * The judges who have a key, and what each costs at least for one case: a case whose arbitration fee does
   * not pay for those of the pact's `disclosure`, or that names fewer than three, no jury hears.
   */
  judges: z
    .array(z.object({ provider: z.string().min(1), leastUsdc: usdc }))
    .max(100)
    .exactOptional(),
})
export type OracleInfo = z.output<typeof oracleInfoSchema>

/** A checker or held-out data set, deposited with the pact that names its hash. */
export const depositSchema = z.strictObject({
  sha256: hash,
  content: z.base64().max(4 * 1024 * 1024),
})

/** The signed pact as it is registered (PCT-21). */
export const registerPactSchema = z.strictObject({
  pactHash: hash,
  buyerDid: did,
  sellerDid: did,
  buyerSignature: signature,
  sellerSignature: signature,
  terms: pactSchema,
  deposits: z.array(depositSchema).max(20).exactOptional(),
})
export type RegisterPact = z.output<typeof registerPactSchema>

/** A pact and where it stands. */
export const pactRecordSchema = z.object({
  pactId: hash,
  pactHash: hash,
  status: pactStatusSchema,
  /** Why it failed, e.g. deadline_exceeded (REP-02); null else. */
  reason: z.string().nullable(),
  terms: pactSchema,
  buyerSignature: signature,
  sellerSignature: signature,
  subjective: z.boolean(),
  /** One per milestone, in order. */
  escrowIds: z.array(word),
  createdAt: utc,
})
export type PactRecord = z.output<typeof pactRecordSchema>

/** What the oracle knows of an escrow; the chain is the truth. */
export const escrowRecordSchema = z.object({
  escrowId: word,
  pactId: hash,
  milestone: z.int().min(0),
  state: escrowStateSchema,
  /** True once a reorganisation can no longer undo the funding. */
  final: z.boolean(),
  amountUsdc: usdc,
  seq: z.int().min(0),
  round: z.int().min(0),
  result: resultSchema.nullable(),
  /** Unix end of the running window. */
  timerEnd: utc.nullable(),
  fundedAt: utc.nullable(),
  fundingTxHash: word.nullable(),
  blockNumber: z.int().min(0).nullable(),
  network: z.string(),
  artifactHash: hash.nullable(),
  settlement: settlementSchema.nullable(),
  /** The check of the last delivery that was handed in; absent before one was. */
  verification: z
    .object({
      round: z.int().min(1),
      /** `parked`: given up after many tries, and left to the operator. */
      status: z.enum(['pending', 'parked', 'done']),
      /** Why it is parked or was tried again. */
      code: z.string().nullable(),
    })
    .exactOptional(),
})
export type EscrowRecord = z.output<typeof escrowRecordSchema>

/** What became of a completion. */
export const completionReceiptSchema = z.object({
  escrowId: word,
  pactId: hash,
  round: z.int().min(1),
  artifactHash: hash,
  reportHash: hash,
  result: resultSchema,
  /** Null until the chain has it. */
  txHash: word.nullable(),
  receivedAt: utc,
})
export type CompletionReceipt = z.output<typeof completionReceiptSchema>

/** A dispute as anybody may see it: who filed what when, by hash; the words are in `papers`. */
export const disputeRecordSchema = z.object({
  escrowId: word,
  pactId: hash,
  round: z.int().min(1),
  state: escrowStateSchema,
  tier: z.enum(['T0', 'T1', 'T2', 'T3']).nullable(),
  /** At most one of each side. */
  claims: z
    .array(z.object({ by: did, reason: disputeReasonSchema, claimHash: hash, filedAt: utc }))
    .max(2),
  defence: z.object({ by: did, defenceHash: hash, filedAt: utc }).nullable(),
  /** Hash and time of each piece. */
  evidence: z.array(
    z.object({ sha256: hash, submittedBy: did.nullable(), at: utc, verified: z.boolean() }),
  ),
  evidenceUntil: utc.nullable(),
  packageHash: hash.nullable(),
  sellerBps: z.int().min(0).max(10_000).nullable(),
  recordHash: hash.nullable(),
})
export type DisputeRecord = z.output<typeof disputeRecordSchema>

/** One line of the public log of disputes: what was filed, by hash, and what came of it (TAP-07). */
export const disputeLineSchema = z.object({
  escrowId: word,
  pactId: hash,
  round: z.int().min(1),
  openedAt: utc,
  claims: z.array(z.object({ reason: disputeReasonSchema, claimHash: hash, filedAt: utc })).max(2),
  defenceHash: hash.nullable(),
  /** Hash and time of each piece, and whether it fits the record. */
  evidence: z.array(z.object({ sha256: hash, at: utc, verified: z.boolean() })),
  packageHash: hash.nullable(),
  /** How the escrow ended, `redelivered` where another round followed; null while it is open. */
  outcome: z
    .enum([
      'released',
      'refunded',
      'expired',
      'settled',
      'ruled',
      'concluded',
      'amended',
      'redelivered',
    ])
    .nullable(),
  sellerBps: z.int().min(0).max(10_000).nullable(),
  endedAt: utc.nullable(),
  recordHash: hash.nullable(),
})
export type DisputeLine = z.output<typeof disputeLineSchema>

const grantSchema = z.object({
  name: fileName,
  mime,
  size: z.int().min(1),
  sha256: hash,
  url: z.url(),
  expiresAt: utc,
  /** The same, signed and without the address; absent from oracles of before. */
  signed: signedGrantSchema.exactOptional(),
})

/** Every route of the oracle. */
export const routes = {
  getOracle: {
    method: 'GET',
    path: '/oracle',
    signed: false,
    status: 200,
    response: oracleInfoSchema,
  },
  registerAgent: {
    method: 'POST',
    path: '/agents',
    signed: true,
    body: registrationSchema,
    status: 201,
    response: agentRecordSchema,
  },
  searchAgents: {
    method: 'GET',
    path: '/agents',
    signed: false,
    query: pageQuery.extend({
      capability: capability.optional(),
      sort: z.enum(['score', 'price']).optional(),
    }),
    status: 200,
    response: z.object({
      agents: z.array(agentRecordSchema.extend({ trust: trustResponseSchema })),
      cursor: cursor.nullable(),
    }),
  },
  getAgent: {
    method: 'GET',
    path: '/agents/:did',
    signed: false,
    params: didParams,
    status: 200,
    response: agentRecordSchema,
  },
  rotateKey: {
    method: 'POST',
    path: '/agents/:did/keys',
    signed: true,
    params: didParams,
    body: keyEntrySchema,
    status: 201,
    response: agentRecordSchema,
  },
  sendHeartbeat: {
    method: 'POST',
    path: '/agents/:did/heartbeats',
    signed: true,
    params: didParams,
    body: heartbeatSchema,
    status: 202,
    response: z.object({ receivedAt: utc }),
  },
  getTrust: {
    method: 'GET',
    path: '/trust/:id',
    signed: false,
    params: z.strictObject({ id: z.string().min(1).max(200) }),
    query: z.strictObject({
      capability: capability.optional(),
      role: z.enum(['seller', 'buyer']).optional(),
      nonce: z.string().min(1).max(128).optional(),
    }),
    status: 200,
    response: trustResponseSchema,
  },
  appealFlag: {
    method: 'POST',
    path: '/trust/:id/appeals',
    signed: true,
    params: z.strictObject({ id: z.string().min(1).max(200) }),
    body: flagAppealSchema,
    status: 201,
    response: flagAppealRecordSchema,
  },
  listFacts: {
    method: 'GET',
    path: '/facts',
    signed: false,
    query: z.strictObject({
      after: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(1000).optional(),
    }),
    status: 200,
    response: factsSchema,
  },
  getScoreboard: {
    method: 'GET',
    path: '/scoreboard',
    signed: false,
    status: 200,
    response: scoreboardSchema,
  },
  listAttestations: {
    method: 'GET',
    path: '/trust/:id/attestations',
    signed: false,
    params: z.strictObject({ id: z.string().min(1).max(200) }),
    query: pageQuery.extend({ escrowId: word.optional() }),
    status: 200,
    response: z.object({
      attestations: z.array(attestationSchema),
      cursor: cursor.nullable(),
    }),
  },
  explainTrust: {
    method: 'GET',
    path: '/trust/:id/explain',
    signed: false,
    params: z.strictObject({ id: z.string().min(1).max(200) }),
    query: z.strictObject({
      capability: capability.optional(),
      role: z.enum(['seller', 'buyer']).optional(),
    }),
    status: 200,
    response: z.record(z.string(), z.json()),
  },
  ...portableRoutes,
  getQuote: {
    method: 'GET',
    path: '/quote',
    signed: false,
    query: z.strictObject({
      buyer: did,
      seller: did,
      capability,
      amount: usdc,
      /** Trades of the pair that were fulfilled, none that failed, from which on less is asked (POL-10). */
      trustedPair: z.coerce.number().int().min(1).max(1_000_000).optional(),
    }),
    status: 200,
    response: quoteSchema,
  },
  registerPact: {
    method: 'POST',
    path: '/pacts',
    signed: true,
    body: registerPactSchema,
    status: 201,
    response: pactRecordSchema,
  },
  getPact: {
    method: 'GET',
    path: '/pacts/:pactId',
    signed: false,
    params: pactParams,
    status: 200,
    response: pactRecordSchema,
  },
  cancelPact: {
    method: 'POST',
    path: '/pacts/:pactId/cancellation',
    signed: true,
    params: pactParams,
    body: z.strictObject({ reason: z.string().max(2000) }),
    status: 200,
    response: pactRecordSchema,
  },
  reportFailure: {
    method: 'POST',
    path: '/pacts/:pactId/failures',
    signed: true,
    params: pactParams,
    body: failureSchema,
    status: 202,
    response: z.object({ receivedAt: utc }),
  },
  putArtifact: {
    method: 'PUT',
    path: '/escrows/:escrowId/artifacts/:name',
    signed: true,
    params: z.strictObject({ escrowId: word, name: fileName }),
    body: 'bytes',
    status: 201,
    response: z.object({ name: fileName, size: z.int().min(1), sha256: hash }),
  },
  complete: {
    method: 'POST',
    path: '/completions',
    signed: true,
    body: completionProofSchema,
    status: 202,
    response: completionReceiptSchema,
  },
  getEscrow: {
    method: 'GET',
    path: '/escrows/:escrowId',
    signed: false,
    params: escrowParams,
    status: 200,
    response: escrowRecordSchema,
  },
  getReport: {
    method: 'GET',
    path: '/escrows/:escrowId/report',
    signed: false,
    params: escrowParams,
    query: roundQuery,
    status: 200,
    response: reportSchema,
  },
  getManifest: {
    method: 'GET',
    path: '/escrows/:escrowId/manifest',
    signed: false,
    params: escrowParams,
    query: roundQuery,
    status: 200,
    response: manifestSchema,
  },
  getPapers: {
    method: 'GET',
    path: '/escrows/:escrowId/papers',
    signed: true,
    params: escrowParams,
    query: roundQuery,
    status: 200,
    response: papersSchema,
  },
  grantArtifacts: {
    method: 'POST',
    path: '/escrows/:escrowId/grants',
    signed: true,
    params: escrowParams,
    status: 201,
    response: z.object({
      /** In the order of the manifest, and with all that it says. */
      grants: z.array(grantSchema),
      /** What was found, where the round stands on chain; absent from oracles of before. */
      report: reportSchema.exactOptional(),
    }),
  },
  revokeGrants: {
    method: 'DELETE',
    path: '/escrows/:escrowId/grants',
    signed: true,
    params: escrowParams,
    status: 200,
    response: z.object({ revoked: z.int().min(0) }),
  },
  listReads: {
    method: 'GET',
    path: '/escrows/:escrowId/reads',
    signed: true,
    params: escrowParams,
    query: pageQuery,
    status: 200,
    response: z.object({ reads: z.array(readReceiptSchema), cursor: cursor.nullable() }),
  },
  getArtifact: {
    method: 'GET',
    path: '/artifacts/:token',
    signed: false,
    params: z.strictObject({ token: z.string().min(20).max(500) }),
    status: 200,
    response: 'bytes',
  },
  dispute: {
    method: 'POST',
    path: '/disputes',
    signed: true,
    body: signedClaimSchema,
    status: 201,
    response: disputeRecordSchema,
  },
  defend: {
    method: 'POST',
    path: '/disputes/:escrowId/defence',
    signed: true,
    params: escrowParams,
    body: signedDefenceSchema,
    status: 201,
    response: disputeRecordSchema,
  },
  addEvidence: {
    method: 'POST',
    path: '/disputes/:escrowId/evidence',
    signed: true,
    params: escrowParams,
    body: signedSubmissionSchema,
    status: 201,
    response: disputeRecordSchema,
  },
  listDisputes: {
    method: 'GET',
    path: '/disputes',
    signed: false,
    query: pageQuery,
    status: 200,
    response: z.object({
      disputes: z.array(disputeLineSchema),
      cursor: cursor.nullable(),
    }),
  },
  getDispute: {
    method: 'GET',
    path: '/disputes/:escrowId',
    signed: false,
    params: escrowParams,
    status: 200,
    response: disputeRecordSchema,
  },
  listSpotChecks: {
    method: 'GET',
    path: '/escrows/:escrowId/spot-checks',
    signed: false,
    params: escrowParams,
    status: 200,
    response: z.object({ spotChecks: z.array(spotCheckSchema) }),
  },
  getRecord: {
    method: 'GET',
    path: '/disputes/:escrowId/record',
    signed: false,
    params: escrowParams,
    status: 200,
    response: verdictRecordSchema,
  },
  getRecourse: {
    method: 'GET',
    path: '/recourse/:escrowId',
    signed: false,
    params: escrowParams,
    status: 200,
    response: recourseRecordSchema,
  },
  relay: {
    method: 'POST',
    path: '/relay',
    signed: true,
    body: z.strictObject({ data: bytes }),
    status: 202,
    response: z.object({ txHash: word }),
  },
  createWebhook: {
    method: 'POST',
    path: '/webhooks',
    signed: true,
    body: subscriptionSchema,
    status: 201,
    response: webhookSchema,
  },
  listWebhooks: {
    method: 'GET',
    path: '/webhooks',
    signed: true,
    query: pageQuery,
    status: 200,
    response: z.object({ webhooks: z.array(webhookSchema), cursor: cursor.nullable() }),
  },
  confirmWebhook: {
    method: 'POST',
    path: '/webhooks/:webhookId/confirmation',
    signed: true,
    params: webhookParams,
    body: z.strictObject({ code: z.string().regex(/^\d{8}$/) }),
    status: 200,
    response: webhookSchema,
  },
  replayWebhook: {
    method: 'POST',
    path: '/webhooks/:webhookId/replay',
    signed: true,
    params: webhookParams,
    body: z.strictObject({ after: z.int().min(0).exactOptional() }),
    status: 200,
    response: webhookSchema,
  },
  deleteWebhook: {
    method: 'DELETE',
    path: '/webhooks/:webhookId',
    signed: true,
    params: webhookParams,
    status: 200,
    response: webhookSchema,
  },
  listNotices: {
    method: 'GET',
    path: '/escrows/:escrowId/notices',
    signed: true,
    params: escrowParams,
    query: pageQuery,
    status: 200,
    response: noticesSchema,
  },
  listEvents: {
    method: 'GET',
    path: '/events',
    signed: false,
    query: z.strictObject({
      agent: did.optional(),
      pactId: hash.optional(),
      escrowId: word.optional(),
    }),
    status: 200,
    response: 'events',
  },
  ...courtRoutes,
  ...offerRoutes,
} as const satisfies Record<string, Route>
export type RouteName = keyof typeof routes

/** Schema of each server-sent event's data. */
export const streamedEventSchema = eventSchema

/** The path of a route with its parameters filled in and escaped. */
export function pathOf(name: RouteName, params: Readonly<Record<string, string>> = {}): string {
  const path = routes[name].path.replace(/:([a-zA-Z]+)/g, (_, key: string) =>
    encodeURIComponent(params[key] ?? ''),
  )
  return API_BASE + path
}

/** JSON Schema (draft 2020-12) of a wire shape, for OpenAPI and for tools. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  // What JSON carries anyway has no schema of its own.
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}
