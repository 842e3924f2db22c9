import type { QuoteBody } from '@earnest/sdk/protocol'
import { windowsOf } from '@earnest/sdk/protocol'
import { flagOf, flagsOn } from './anomaly.ts'
import { buyerRecordOf } from './buyer.ts'
import { exposureOf } from './exposure.ts'
import { failureOf, posteriorOf } from './forecast.ts'
import { forecastPair } from './forecastof.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import { dimensionKey } from './partkey.ts'
import { evidenceAt } from './record.ts'
import type { TrustState } from './state.ts'

const DAY = 86_400
/** Times the seller's base risk, above which a pair is warned of. */
const RISKY = 2

/** What a buyer asks before it commits. */
export type QuoteQuery = {
  buyer: string
  seller: string
  capability: string
  /** Base units. */
  amount: bigint
  at: number
  /** Registered, unsettled pacts and open escrows of the seller, base units (kept by the store). */
  openExposure: bigint
  /** Repeat-pair streamlining of the buyer's policy; off unless given (POL-10). */
  trustedPair?: { minTransactions: number }
}

/** The terms that a risk asks for: the quote of the protocol without fees, gas and signature. */
export type QuoteTerms = Omit<
  QuoteBody,
  | 'protocolFeeUsdc'
  | 'arbitrationFeeUsdc'
  | 'gasUsdc'
  | 'overheadBps'
  | 'gas'
  | 'effectiveBps'
  | 'scorer'
  | 'oracle'
  | 'asOf'
  | 'validUntil'
> & { newcomer: boolean; trustedPair: boolean }

/** Turns the pair risk into limit, review window, bond to reserve and deadline slack. */
export function quoteOf(
  state: TrustState,
  query: QuoteQuery,
  parameters: TrustParameters,
): QuoteTerms {
  const { buyer, seller, capability, amount, at, openExposure } = query
  const pair = forecastPair(state, query, parameters)
  const agent = state.indexOf.get(seller) ?? -1
  const buyerIndex = state.indexOf.get(buyer) ?? -1
  const exposure = exposureOf(state, { agent, now: at }, parameters)
  const flagged = agent >= 0 && flagsOn(state, agent).length > 0
  const free = state.bonds.get(agent)?.free ?? 0n
  const ratio = pair.risk / pair.seller.base
  const bond = { amount, risk: pair.risk, newcomer: exposure.newcomer }
  // Bounded by the bond (REP-25): less is asked only where what is left to ask for is there.
  const isCovered = free >= bondToReserve({ ...bond, streamlined: true })
  const streamlined = isCovered && ratio <= RISKY && isTrustedPair(state, query)
  const fits = !exposure.suspended && openExposure + amount <= exposure.limit
  const buyerFlagged = buyerIndex >= 0 && buyerRecordOf(state, buyerIndex, at).flaggedSince !== null
  const warnings = [
    ...(openExposure + amount <= exposure.limit ? [] : ['above_limit']),
    ...(exposure.newcomer ? ['newcomer'] : []),
    ...(flagged ? ['seller_flagged'] : []),
    ...(exposure.suspended ? ['seller_suspended'] : []),
    ...(buyerFlagged ? ['buyer_disputes_resolved_for_seller'] : []),
    ...(ratio > RISKY ? ['elevated_risk'] : []),
  ]
  return {
    buyer,
    seller,
    capability,
    amountUsdc: amount,
    pairRisk: pair.risk,
    sellerFailureProbability: pair.seller.failureProbability,
    buyerFailureProbability: pair.habit,
    acceptable: fits,
    warnings,
    limitUsdc: exposure.limit,
    openExposureUsdc: openExposure,
    reviewWindow: reviewWindow(amount, ratio, streamlined),
    // Nobody is paid at once without the full amount in reserve.
    instantRelease: !exposure.newcomer && !flagged && !exposure.limited && free >= amount,
    bondToReserveUsdc: bondToReserve({ ...bond, streamlined }),
    deadlineSlack: deadlineSlack(state, agent, at, pair.seller.base, parameters),
    newcomer: exposure.newcomer,
    trustedPair: streamlined,
  }
}

/** The published window of the amount, doubled (to 72 h at most) at twice the base risk, halved for a trusted pair. */
function reviewWindow(amount: bigint, ratio: number, streamlined: boolean): number {
  const { review } = windowsOf({ profile: 'agent', amount, isTrusted: streamlined })
  return ratio > RISKY ? Math.min(3 * DAY, 2 * review) : review
}

/** A newcomer reserves everything, others as much as the risk makes likely to be lost, tenfold. */
function bondToReserve({
  amount,
  risk,
  newcomer,
  streamlined,
}: {
  amount: bigint
  risk: number
  newcomer: boolean
  streamlined: boolean
}): bigint {
  if (newcomer) return amount
  const share = Math.min(1, 10 * risk) * (streamlined ? 0.5 : 1)
  return (amount * BigInt(Math.ceil(share * 10_000))) / 10_000n
}

/** A day times the chance that this seller is late. */
function deadlineSlack(
  state: TrustState,
  agent: number,
  now: number,
  base: number,
  parameters: TrustParameters,
): number {
  const part = findPair(state.parts.table, agent, dimensionKey('latency'))
  const none = { fulfilled: 0, untrusted: 0, penalty: 0 }
  const evidence = part < 0 ? none : evidenceAt(state.parts.records, part, now, parameters)
  return Math.round(DAY * failureOf(posteriorOf(evidence, base, parameters)))
}

/** A pair with many fulfilled trades and no failure, that is not flagged (POL-10, REP-25). */
function isTrustedPair(state: TrustState, { buyer, seller, trustedPair }: QuoteQuery): boolean {
  const from = state.indexOf.get(buyer) ?? -1
  const to = state.indexOf.get(seller) ?? -1
  if (!trustedPair || from < 0 || to < 0 || flagOf(state, from, to)) return false
  if (flagsOn(state, to).length > 0) return false
  const deal = findPair(state.deals.pairs, from, to)
  if (deal < 0 || (state.deals.failed[deal] as number) > 0) return false
  return (state.deals.fulfilled[deal] as number) >= trustedPair.minTransactions
}
