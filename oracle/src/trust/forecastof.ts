import type { Imported } from '@earnest/sdk/protocol'
import { betaQuantile } from './beta.ts'
import { failureOf, habitOf, type Posterior, posteriorOf, shownOf, weightOf } from './forecast.ts'
import { habitAt } from './habit.ts'
import { evidenceOfImports, importedAt } from './imported.ts'
import { bandOf, baseOf } from './market.ts'
import { pairForecast } from './pairforecast.ts'
import type { TrustParameters } from './parameters.ts'
import { capabilityOfKey } from './partkey.ts'
import { recalibrated } from './recalibration.ts'
import { added, type Evidence, evidenceAt } from './record.ts'
import { forEachPart, type TrustState } from './state.ts'

/** What is asked: the whole record, or one capability at one price. */
export type ForecastQuery = { seller: string; at: number; capability?: string; amount?: bigint }

/** The forecast of one seller with everything it was computed from. */
export type Forecast = {
  /** P(the next trade fails), recalibrated, with the bounds of the posterior mapped alike. */
  failureProbability: number
  lower: number
  upper: number
  /** Trades of evidence; below 1 the agent is unrated. */
  evidence: number
  rated: boolean
  /** The display on 0..1, before penalties and idle decay. */
  shown: number
  base: number
  posterior: Posterior
  /** What of the evidence came from elsewhere. */
  imported: readonly Imported[]
}

/** Forecasts the next trade of a seller; an agent that nobody knows has the base rate and no more. */
export function forecastSeller(
  state: TrustState,
  query: ForecastQuery,
  parameters: TrustParameters,
): Forecast {
  const capability = query.capability === undefined ? undefined : capabilityOf(state, query)
  const amount = query.amount === undefined ? undefined : Number(query.amount)
  const market = {
    ...(capability === undefined ? {} : { capability }),
    ...(amount === undefined ? {} : { amount }),
  }
  const base = baseOf(state.market, market, parameters)
  const seller = state.indexOf.get(query.seller)
  const { evidence, imported } =
    seller === undefined
      ? { evidence: NONE, imported: [] }
      : evidenceOf(state, { seller, at: query.at, capability, amount }, parameters)
  const posterior = posteriorOf(evidence, base, parameters)
  const weight = weightOf(evidence, parameters)
  const bound = (quantile: number): number =>
    recalibrated(
      state.recalibration,
      betaQuantile(quantile, posterior.failures, posterior.successes),
    )
  return {
    failureProbability: recalibrated(state.recalibration, failureOf(posterior)),
    lower: bound(parameters.lowerQuantile),
    upper: bound(parameters.shownQuantile),
    evidence: weight,
    rated: weight >= parameters.ratedEvidence,
    shown: shownOf(posterior, parameters),
    base,
    posterior,
    imported,
  }
}

const NONE: Evidence = { fulfilled: 0, untrusted: 0, penalty: 0 }

function capabilityOf({ capabilityOf: known }: TrustState, { capability }: ForecastQuery): number {
  return known.get(capability ?? '') ?? -1
}

type EvidenceQuery = {
  seller: number
  at: number
  capability: number | undefined
  amount: number | undefined
}

/**
 * Evidence in one capability at one price, with at most a few trades carried over from the others
 * (back-off) and at most a few brought from other oracles; without a capability, the whole record.
 */
function evidenceOf(
  state: TrustState,
  { seller, at, capability, amount }: EvidenceQuery,
  parameters: TrustParameters,
): { evidence: Evidence; imported: readonly Imported[] } {
  const bring = (own: Evidence): Imported[] =>
    importedAt(
      state,
      { agent: seller, now: at, own: weightOf(own, parameters), amount },
      parameters,
    )
  if (capability === undefined) {
    const own = evidenceAt(state.whole, seller, at, parameters)
    const imported = bring(own)
    return { evidence: added(own, evidenceOfImports(imported)), imported }
  }
  const reachable = Math.log10(parameters.backOffRatio)
  const own: Evidence = { ...NONE }
  const other: Evidence = { ...NONE }
  forEachPart(state, seller, (part, key) => {
    const place = capabilityOfKey(key)
    if (!place) return
    if (amount !== undefined && Math.abs(place.band - bandOf(amount)) > reachable) return
    const sum = place.capability === capability ? own : other
    const evidence = evidenceAt(state.parts.records, part, at, parameters)
    sum.fulfilled += evidence.fulfilled
    sum.untrusted = Math.min(parameters.untrustedCap, sum.untrusted + evidence.untrusted)
    sum.penalty += evidence.penalty
  })
  const carried = weightOf(other, parameters)
  const share = carried > 0 ? Math.min(1, parameters.backOffTrades / carried) : 0
  const local: Evidence = {
    fulfilled: own.fulfilled + share * other.fulfilled,
    untrusted: Math.min(parameters.untrustedCap, own.untrusted + share * other.untrusted),
    penalty: own.penalty + share * other.penalty,
  }
  // What was brought leaves no more room than what is carried over: both are a prior of a few trades.
  const imported = bring(local)
  return { evidence: added(local, evidenceOfImports(imported)), imported }
}

/** A buyer and a seller at one price. */
export type PairForecastQuery = ForecastQuery & { buyer: string }

/** Risk of a pair with the factors that it was computed from. */
export type PairForecast = {
  /** P(this trade fails), recalibrated. */
  risk: number
  /** The buyer's own habit of disputing. */
  habit: number
  seller: Forecast
}

/** Forecasts a trade of this buyer with this seller. */
export function forecastPair(
  state: TrustState,
  query: PairForecastQuery,
  parameters: TrustParameters,
): PairForecast {
  const seller = forecastSeller(state, query, parameters)
  const { base, posterior } = seller
  const buyerIndex = state.indexOf.get(query.buyer) ?? -1
  const pair = {
    buyer: buyerIndex,
    seller: state.indexOf.get(query.seller) ?? -1,
    at: query.at,
    base,
    failure: failureOf(posterior),
    amount: Number(query.amount ?? 0n),
  }
  return {
    risk: recalibrated(state.pairRecalibration, pairForecast(state, pair, parameters)),
    habit: habitOf(habitAt(state.habits, buyerIndex, query.at, parameters), base, parameters),
    seller,
  }
}
