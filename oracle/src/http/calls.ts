import { EarnestError, type OracleInfo, type WalletVerifier } from '@earnest/sdk/protocol'
import { assertAgent, findAgents, getAgent, recordOf } from '../discovery/agent.ts'
import { takeHeartbeat } from '../discovery/heartbeat.ts'
import { registerAgent, rotateKey } from '../discovery/register.ts'
import { catchUp } from '../escrow/fold.ts'
import { createGasCost } from '../escrow/gasCost.ts'
import { whenFunded } from '../escrow/news.ts'
import { relay } from '../escrow/relay.ts'
import { cancelPact } from '../negotiation/cancel.ts'
import { openExposure } from '../negotiation/exposure.ts'
import { reportFailure } from '../negotiation/failure.ts'
import { findLock, registerPact } from '../negotiation/pact.ts'
import type { Oracle } from '../oracle.ts'
import { processCompletion } from '../settlement/attest.ts'
import { fileClaim } from '../settlement/claim.ts'
import { findSubmission, submissionKey, takeCompletion } from '../settlement/completion.ts'
import { fileDefence } from '../settlement/defence.ts'
import { createStoreDeposit } from '../settlement/deposit.ts'
import { disputeRecord, verdictRecord } from '../settlement/dispute.ts'
import { listDisputes } from '../settlement/disputeLog.ts'
import { addEvidence } from '../settlement/evidence.ts'
import { grantFiles, listReads, revokeGrants } from '../settlement/grant.ts'
import { listNotices } from '../settlement/notify/notice.ts'
import {
  confirmWebhook,
  createWebhook,
  deleteWebhook,
  listWebhooks,
  replayWebhook,
} from '../settlement/notify/subscribe.ts'
import { readPapers } from '../settlement/papers.ts'
import { publicManifest, publicReport } from '../settlement/publicRound.ts'
import { escrowRecord, listAttestations, pactRecord } from '../settlement/record.ts'
import { recourseRecord } from '../settlement/recourse.ts'
import { SPOT_TABLE } from '../settlement/spot/rate.ts'
import { listSpotChecks } from '../settlement/spot/read.ts'
import { fileAppeal } from '../trust/appeal.ts'
import type { Calls } from './call.ts'
import { createCourtCalls } from './courtCalls.ts'
import { createOfferCalls } from './offerCalls.ts'
import { createPortableCalls } from './portableCalls.ts'

/** What an operator decides about an oracle; the rest of its introduction it knows itself. */
export type OperatorInfo = Omit<
  OracleInfo,
  'did' | 'scorer' | 'seeds' | 'newcomerCapUsdc' | 'issuers' | 'spotChecks' | 'judges'
>

/**
 * The functions behind the routes.
 * @param publicUrl Where clients reach this oracle, without a trailing slash.
 */
export function createCalls(
  oracle: Oracle,
  {
    info,
    publicUrl,
    verifyWallet,
    etherUsdc,
    patienceMs,
  }: {
    info: OperatorInfo
    publicUrl: string
    verifyWallet: WalletVerifier
    etherUsdc?: bigint | undefined
    /** Milliseconds for which a seller that comes before the index is let wait. */
    patienceMs: number
  },
): Calls {
  const { db, clock, signer, chain, trust, bell } = oracle
  const registering = { ...oracle, verifyWallet }
  const gasCost = createGasCost({ chain, clock, etherUsdc })
  const rung = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work
    bell.ring()
    return result
  }
  const budget = oracle.relayBudget
  const didOf = (id: string) => (id.startsWith('did:') ? id : `did:key:${id}`)

  return {
    getOracle: async () => ({
      ...info,
      did: signer.did,
      scorer: trust.scorer,
      seeds: [...trust.seeds],
      newcomerCapUsdc: trust.newcomerCap,
      ...(oracle.issuers.size > 0 && { issuers: Object.fromEntries(oracle.issuers) }),
      spotChecks: {
        table: SPOT_TABLE.version,
        rateBps: oracle.spots.rateBps,
        costUsdc: oracle.spots.cost,
        judges: oracle.judges.length,
      },
      judges: oracle.judges,
    }),

    registerAgent: async ({ body, by }) =>
      recordOf(await rung(registerAgent(registering, { registration: body, by }))),

    searchAgents: async ({ query: { capability, limit = 20, cursor, sort = 'score' } }) => {
      const offset = Number(cursor ?? 0)
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new EarnestError('invalid_request', 'Not a cursor of this search')
      }
      const known = await findAgents(db, capability)
      const ranks = await trust.rank(known.map(({ did }) => did))
      const found = known.filter(({ did }) => (ranks.get(did) ?? 0) >= 0)
      const byScore = (a: string, b: string) => (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0)
      found.sort((a, b) =>
        sort === 'price' && a.price !== b.price
          ? Number(a.price > b.price) - Number(a.price < b.price)
          : byScore(a.did, b.did) || (a.did < b.did ? -1 : 1),
      )
      const agents = await Promise.all(
        found.slice(offset, offset + limit).map(async ({ did }) => ({
          ...(await getAgent(db, did)),
          trust: await trust.answer({ id: did, role: 'seller', capability }),
        })),
      )
      const next = offset + limit
      return { agents, cursor: next < found.length ? String(next) : null }
    },

    getAgent: ({ params }) => getAgent(db, params.did),

    rotateKey: async ({ params, body }) =>
      recordOf(await rung(rotateKey(registering, { did: params.did, entry: body }))),

    sendHeartbeat: async ({ params, by }) => ({
      receivedAt: await takeHeartbeat(oracle, { did: params.did, by }),
    }),

    getTrust: ({ params, query }) =>
      trust.answer({
        id: params.id,
        role: query.role ?? 'seller',
        capability: query.capability,
        nonce: query.nonce,
      }),

    listFacts: ({ query }) => trust.facts({ after: query.after ?? 0, limit: query.limit ?? 500 }),

    getScoreboard: () => trust.scoreboard(),

    listAttestations: async ({ params, query }) => {
      const did = didOf(params.id)
      const after = Number(query.cursor ?? 0)
      if (!Number.isSafeInteger(after)) throw new EarnestError('invalid_request', 'cursor')
      const { escrowId, limit = 50 } = query
      const page = await listAttestations(db, { did, escrowId, after, limit })
      if (page.attestations.length === 0) await assertAgent(db, did)
      return {
        attestations: page.attestations,
        cursor: page.last === null ? null : String(page.last),
      }
    },

    explainTrust: ({ params, query }) => trust.explain({ id: params.id, ...query }),

    appealFlag: async ({ params, body, by }) => {
      const did = didOf(params.id)
      const flags = await trust.flags(did)
      const flag = flags.find(({ flagId }) => flagId === body.flagId)
      return fileAppeal(oracle, { did, by, ...body, flag })
    },

    getQuote: async ({ query }) => {
      if (query.amount === 0n) throw new EarnestError('amount_too_small', 'Want an amount')
      const open = await openExposure(db, query.seller, clock.now())
      const gas = await gasCost()
      return trust.quote({ ...query, openExposure: open, fees: info.fees, gas })
    },

    registerPact: async ({ body, by }) => {
      const { terms, buyerDid, sellerDid, pactHash, buyerSignature, sellerSignature } = body
      if (terms.buyer.did !== buyerDid || terms.seller.did !== sellerDid) {
        throw new EarnestError('pact_mismatch', 'The DIDs are not those of the terms')
      }
      const signed = { pact: terms, pactHash, buyerSignature, sellerSignature }
      const deposits = (body.deposits ?? []).map(({ sha256, content }) => ({
        sha256,
        content: Buffer.from(content, 'base64'),
      }))
      const context = {
        ...oracle,
        chain: { chainId: chain.chainId, contract: chain.escrow, token: chain.token },
        storeDeposit: createStoreDeposit(oracle, oracle.examTime.of(by)),
        catchUp,
        limitOf: trust.limitOf,
      }
      const registered = await rung(registerPact(context, { signed, deposits, by }))
      return pactRecord(oracle, pactHash, registered)
    },

    getPact: ({ params }) => pactRecord(oracle, params.pactId),

    cancelPact: async ({ params, body, by }) => {
      const { pactId } = params
      await rung(cancelPact(oracle, { pactId, reason: body.reason, by }))
      return pactRecord(oracle, pactId)
    },

    reportFailure: async ({ params, body, by }) => ({
      receivedAt: await rung(
        reportFailure(oracle, {
          pactId: params.pactId,
          escrowId: body.escrowId,
          code: body.failureCode ?? 'execution_failed',
          reason: body.failureReason,
          by,
        }),
      ),
    }),

    complete: async ({ body, by }) => {
      const { escrowId, round } = body
      const waiting = { escrowId, milliseconds: patienceMs }
      const taken = await whenFunded(oracle.news, waiting, () =>
        takeCompletion(oracle, { proof: body, by }),
      )
      const row = await rung(processCompletion(oracle, { escrowId, round, row: taken }))
      if (!row.report_hash || !row.result) {
        throw new EarnestError('verification_pending', 'Ask again', { retryable: true })
      }
      // What was written down just now is not sent yet.
      const isSent = taken.status === 'submitted'
      const submission = isSent ? await findSubmission(db, submissionKey(row)) : undefined
      return {
        escrowId,
        pactId: row.pact_id,
        round,
        artifactHash: row.artifact_hash,
        reportHash: row.report_hash,
        result: row.result as 'PASS',
        txHash: (submission?.tx_hash ?? null) as `0x${string}` | null,
        receivedAt: row.received_at,
      }
    },

    getEscrow: ({ params }) =>
      escrowRecord(db, { escrowId: params.escrowId, chainId: chain.chainId }),

    getReport: ({ params, query }) => publicReport(db, { ...params, ...query }),

    getManifest: ({ params, query }) => publicManifest(db, { ...params, ...query }),

    getPapers: ({ params, query, by }) =>
      readPapers(db, { escrowId: params.escrowId, round: query.round, by }),

    grantArtifacts: async ({ params, by, proof }) => {
      const opened = await grantFiles(oracle, { escrowId: params.escrowId, by, proof })
      return {
        grants: opened.grants.map(({ token, expiresAt, file, signed }) => ({
          ...file,
          url: `${publicUrl}/api/v1/artifacts/${token}`,
          expiresAt,
          signed,
        })),
        ...(opened.report && { report: opened.report }),
      }
    },

    revokeGrants: async ({ params, by }) => ({
      revoked: await revokeGrants(oracle, { escrowId: params.escrowId, by }),
    }),

    listReads: ({ params, query, by }) => listReads(oracle, { ...params, ...query, by }),

    dispute: ({ body, by }) => rung(fileClaim(oracle, { claim: body, by })),

    defend: ({ params, body, by }) =>
      rung(fileDefence(oracle, { escrowId: params.escrowId, defence: body, by })),

    addEvidence: ({ params, body, by }) =>
      rung(addEvidence(oracle, { escrowId: params.escrowId, submission: body, by })),

    listDisputes: ({ query }) => listDisputes(db, query),

    getDispute: ({ params }) => disputeRecord(db, params.escrowId),

    listSpotChecks: async ({ params: { escrowId } }) => {
      if (!(await findLock(db, escrowId))) {
        throw new EarnestError('escrow_unknown', 'No registered pact derives this escrow')
      }
      return { spotChecks: await listSpotChecks(db, escrowId) }
    },

    getRecord: ({ params }) => verdictRecord(db, params.escrowId),

    getRecourse: ({ params }) => recourseRecord(db, params.escrowId),

    createWebhook: ({ body, by }) => rung(createWebhook(oracle, { subscription: body, by })),

    listWebhooks: ({ query, by }) => listWebhooks(oracle, { ...query, by }),

    confirmWebhook: ({ params, body, by }) =>
      rung(confirmWebhook(oracle, { ...params, code: body.code, by })),

    replayWebhook: ({ params, body, by }) =>
      rung(replayWebhook(oracle, { ...params, after: body.after, by })),

    deleteWebhook: ({ params, by }) => deleteWebhook(oracle, { ...params, by }),

    listNotices: ({ params, query, by }) => listNotices(oracle, { ...params, ...query, by }),

    ...createCourtCalls(oracle),

    ...createOfferCalls(oracle, { publicUrl, verifyWallet }),
    ...createPortableCalls(oracle, { publicUrl }),

    relay: async ({ body, by }) => {
      return { txHash: await rung(relay({ ...oracle, budget }, { data: body.data, by })) }
    },
  }
}
