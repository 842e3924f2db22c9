import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { encode } from '../../../sdk/src/protocol/decode.ts'
import { isEarnestError } from '../../../sdk/src/protocol/error.ts'
import { type QuoteBody, quoteBodySchema } from '../../../sdk/src/protocol/quote.ts'
import { type TrustBody, trustBodySchema } from '../../../sdk/src/protocol/trust.ts'
import { getTrust } from '../../../sdk/src/trust/assess.ts'
import { createOracleClient, type OracleClient } from '../../../sdk/src/trust/oracle.ts'
import { verifyQuote } from '../../../sdk/src/trust/verifyQuote.ts'
import { NOW, party } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import type { Attack } from './case.ts'

export const oracle = party(33).identity
export const seller = party(34).identity
export const buyer = party(17).identity
export const thief = party(99).identity
export const clock = createManualClock(NOW)

export const trustBody: TrustBody = {
  agentId: seller.did,
  role: 'seller',
  capability: null,
  status: 'rated',
  compositeScore: 881,
  idleDecay: 0,
  scoreBreakdown: {
    accuracy: 91,
    reliability: 88,
    safety: 95,
    security: 87,
    selfAudit: 82,
    latency: 79,
    scopeHonesty: 90,
    costEfficiency: 85,
    bondScore: 92,
    modelCompliance: null,
    runtimeCompliance: null,
    harnessStability: null,
  },
  certificationLevel: 'verified',
  bondTier: 2,
  bondAmountUsdc: 5_000_000_000n,
  pacts: [],
  fulfillmentRate90d: 0.971,
  tasksCompleted90d: 428,
  lastActiveAt: NOW,
  lastSettledAt: NOW,
  health: { availability: 100 },
  penalties: [],
  memoryAttestations: 23,
  incidentCount90d: 1,
  scoreUpdatedAt: NOW,
  failureProbability: 0.02,
  lower: 0.01,
  upper: 0.04,
  evidence: 312,
  counterparties: 80,
  effectiveCounterparties: 41.5,
  flags: [],
  buyer: { completed: 0, disputesFiled: 0, sellerReleaseRate: null },
  scorer: { version: '1', codeHash: 'cd'.repeat(32), seeds: 'ab'.repeat(32) },
  eventRoot: 'ef'.repeat(32),
  costToFake100: null,
  oracle: oracle.did,
  asOf: NOW,
  validUntil: NOW + 60,
  nonce: null,
}
const amount = 10_000_000n
const quoteBody: QuoteBody = {
  buyer: buyer.did,
  seller: seller.did,
  capability: 'greeting',
  amountUsdc: amount,
  pairRisk: 0.02,
  sellerFailureProbability: 0.02,
  buyerFailureProbability: 0.01,
  acceptable: true,
  warnings: [],
  limitUsdc: 1_000_000_000n,
  openExposureUsdc: 0n,
  reviewWindow: 3600,
  instantRelease: false,
  bondToReserveUsdc: 0n,
  deadlineSlack: 0,
  protocolFeeUsdc: 50_000n,
  arbitrationFeeUsdc: 100_000n,
  gasUsdc: 0n,
  gas: { units: 285_000, weiPerUnit: '10000000', usdc: null },
  effectiveBps: null,
  overheadBps: 50,
  scorer: '1',
  oracle: oracle.did,
  asOf: NOW,
  validUntil: NOW + 60,
}

export type Answer = (request: Request) => Response | Promise<Response>

export function clientOf(answer: Answer): OracleClient {
  return createOracleClient({
    url: 'http://oracle.test',
    did: oracle.did,
    clock,
    identity: buyer,
    attempts: 1,
    timeoutMs: 200,
    fetch: (async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init)
      // As a fetch of the platform does with `redirect: 'error'`.
      const response = await answer(request)
      if (response.status >= 300 && response.status < 400) throw new TypeError('redirected')
      return response
    }) as typeof globalThis.fetch,
  })
}

/** Trust about the seller, truly signed unless the lie is told afterwards. */
export const trust =
  (before: Partial<TrustBody>, after: Wire = {}, by = oracle): Answer =>
  (request) => {
    const nonce = new URL(request.url).searchParams.get('nonce')
    const wire = encode(trustBodySchema, { ...trustBody, nonce, ...before }, 'invalid') as Wire
    return Response.json({
      ...wire,
      signature: by.sign({ type: 'trust', body: wire as never }),
      ...after,
    })
  }
export const quote =
  (before: Partial<QuoteBody>, after: Wire = {}, by = oracle): Answer =>
  () => {
    const wire = encode(quoteBodySchema, { ...quoteBody, ...before }, 'invalid') as Wire
    return Response.json({
      ...wire,
      signature: by.sign({ type: 'quote', body: wire as never }),
      ...after,
    })
  }

export async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'taken'
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return error.code
  }
}

export type Row = [attack: Attack, what: string, answer: string, act: () => Promise<string>]
export const asking = (answer: Answer) => () =>
  outcome(() => getTrust(clientOf(answer), seller.did))
export const quoting = (answer: Answer) => () =>
  outcome(async () => {
    const query = { buyer: buyer.did, seller: seller.did, capability: 'greeting', amount }
    const found = await clientOf(answer).call('getQuote', { query })
    verifyQuote(found, {
      buyer: buyer.did,
      seller: seller.did,
      amount,
      oracle: oracle.did,
      now: NOW,
    })
  })
