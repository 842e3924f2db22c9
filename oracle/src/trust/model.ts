/**
 * The trust score. The oracle's glue calls:
 *
 * - `createTrustModel({ seeds })` once, or with `state` of a `snapshot()` after a restart;
 * - `apply(event)` for every fact in the order in which it became known (settled escrows that count,
 *   statements on agents, incidents, observations, bonds, appeals): returns what changed;
 * - `forecast` and `forecastPair` for raw risks.
 *
 * Everything is pure: no clock, no store, no chance. The same code runs in the benches.
 */
import { rankedComposite } from './breakdown.ts'
import type { TrustEvent } from './event.ts'
import {
  type Forecast,
  type ForecastQuery,
  forecastPair,
  forecastSeller,
  type PairForecast,
  type PairForecastQuery,
} from './forecastof.ts'
import { applyStatement } from './membership.ts'
import { TRUST_PARAMETERS, type TrustParameters } from './parameters.ts'
import { applySettled, refresh } from './settle.ts'
import { agentIndex, createTrustState, type TrustState } from './state.ts'

/** The trust model of one oracle. */
export type TrustModel = {
  readonly parameters: TrustParameters
  readonly state: TrustState
  apply(event: TrustEvent): void
  forecast(query: ForecastQuery): Forecast
  forecastPair(query: PairForecastQuery): PairForecast
  /** Composite for ranking, also of unrated agents. */
  served(query: { agent: string; at: number }): number
  snapshot(): TrustState
}

/** A trust model over pre-trusted seeds, optionally continued from a snapshot. */
export function createTrustModel({
  seeds,
  parameters = TRUST_PARAMETERS,
  state = createTrustState(seeds, parameters),
}: {
  seeds: readonly string[]
  parameters?: TrustParameters
  state?: TrustState
}): TrustModel {
  if (state.unit === 0) refresh(state, parameters)
  return {
    parameters,
    state,
    apply(event) {
      switch (event.kind) {
        case 'settled':
          applySettled(state, event, parameters)
          return
        case 'agent':
          return applyStatement(state, event)
        default:
          agentIndex(state, 'x')
      }
    },
    forecast: (query) => forecastSeller(state, query, parameters),
    forecastPair: (query) => forecastPair(state, query, parameters),
    served: ({ agent, at }) =>
      rankedComposite(state, { agent: state.indexOf.get(agent) ?? -1, now: at }, parameters),
    snapshot: () => structuredClone(state),
  }
}
