import { betaQuantile } from './beta.ts'
import { fade } from './fade.ts'
import { habitOf, posteriorOf } from './forecast.ts'
import { chain } from './history.ts'
import { baseOf } from './market.ts'
import type { TrustParameters } from './parameters.ts'
import { contribute, createRecords, evidenceAt, growRecords } from './record.ts'
import type { TrustState } from './state.ts'

/** What one event does to the number that an agent is judged by. */
export type Influence = {
  /** Escrow id of the trade. */
  eventId: string
  at: number
  /** What it counts for the agent, and against it. */
  weight: number
  severity: number
  /** The number with the event minus without it: positive makes the agent look worse. */
  moves: number
}

/** Whose events, which of them and how many of the heaviest. */
export type ExplainQuery = {
  agent: number
  now: number
  limit: number
  /** Only trades in this capability. */
  capability?: string | undefined
}

const CANDIDATES = 64

/** The sales whose removal would move the upper bound of the failure probability most, largest first. */
export function explain(
  state: TrustState,
  query: ExplainQuery,
  parameters: TrustParameters,
): Influence[] {
  const { history } = state
  const { agent, now, limit } = query
  const rows = chain(history.earlierOfSeller, state.lastOfSeller[agent] as number).filter((row) =>
    isAsked(state, row, query),
  )
  const bound = boundWithout(state, rows, query, parameters)
  const size = (row: number): number => {
    const age = now - (history.at[row] as number)
    const weight = (history.weight[row] as number) * fade(age, parameters.successHalfLife)
    return weight + (history.forgiving[row] as number) + 4 * (history.severity[row] as number)
  }
  // Leaving out one event means folding all others: only those that weigh something are tried.
  const candidates = [...rows].sort((left, right) => size(right) - size(left)).slice(0, CANDIDATES)
  const with_ = bound(-1)
  const influences = candidates.map((row) => ({
    eventId: history.ids[row] as string,
    at: history.at[row] as number,
    weight: history.weight[row] as number,
    severity: history.severity[row] as number,
    moves: with_ - bound(row),
  }))
  return heaviest(influences, limit)
}

/** The purchases whose removal would move the habit of disputing most, largest first. */
export function explainBuyer(
  state: TrustState,
  query: ExplainQuery,
  parameters: TrustParameters,
): Influence[] {
  const { history } = state
  const { agent, now, limit, capability } = query
  const rows = chain(history.earlierOfBuyer, state.lastOfBuyer[agent] as number).filter((row) =>
    isAsked(state, row, query),
  )
  const base = baseOf(state.market, placeOf(state, capability), parameters)
  const faded = (row: number) => fade(now - (history.at[row] as number), parameters.habitHalfLife)
  const counted = rows.map((row) => ({
    eventId: history.ids[row] as string,
    at: history.at[row] as number,
    weight: (history.undisputed[row] as number) * faded(row),
    severity: (history.disputed[row] as number) * faded(row),
  }))
  const sum = { undisputed: 0, disputed: 0 }
  for (const { weight, severity } of counted) {
    sum.undisputed += weight
    sum.disputed += severity
  }
  const habit = habitOf(sum, base, parameters)
  const influences = counted.map((event) => {
    const undisputed = sum.undisputed - event.weight
    const disputed = sum.disputed - event.severity
    return { ...event, moves: habit - habitOf({ undisputed, disputed }, base, parameters) }
  })
  return heaviest(influences, limit)
}

function heaviest(influences: Influence[], limit: number): Influence[] {
  return influences
    .sort((left, right) => Math.abs(right.moves) - Math.abs(left.moves))
    .slice(0, limit)
}

/** Trades that count, in the capability that is asked for. */
function isAsked(state: TrustState, row: number, { capability }: ExplainQuery): boolean {
  const { history } = state
  if (history.excluded[row] === 1 || (history.buyer[row] as number) < 0) return false
  return (
    capability === undefined || state.capabilities[history.capability[row] as number] === capability
  )
}

function placeOf(state: TrustState, capability: string | undefined): { capability?: number } {
  const known = capability === undefined ? undefined : state.capabilityOf.get(capability)
  return known === undefined ? {} : { capability: known }
}

function boundWithout(
  state: TrustState,
  rows: readonly number[],
  { now, capability }: ExplainQuery,
  parameters: TrustParameters,
): (left: number) => number {
  const { history } = state
  const base = baseOf(state.market, placeOf(state, capability), parameters)
  return (left) => {
    const records = createRecords()
    growRecords(records, 1)
    for (const row of rows) {
      if (row === left) continue
      contribute(
        records,
        0,
        {
          at: history.at[row] as number,
          weight: history.weight[row] as number,
          untrusted: history.untrusted[row] as number,
          forgiving: history.forgiving[row] as number,
          severity: history.severity[row] as number,
          standing: history.standing[row] as number,
          amount: history.amount[row] as number,
        },
        parameters,
      )
    }
    const evidence = evidenceAt(records, 0, now, parameters)
    const { failures, successes } = posteriorOf(evidence, base, parameters)
    return betaQuantile(parameters.shownQuantile, failures, successes)
  }
}
