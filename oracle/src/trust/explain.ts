import { betaQuantile } from './beta.ts'
import { fade } from './fade.ts'
import { posteriorOf } from './forecast.ts'
import { chain } from './history.ts'
import { baseOf } from './market.ts'
import type { TrustParameters } from './parameters.ts'
import { contribute, createRecords, evidenceAt, growRecords } from './record.ts'
import type { TrustState } from './state.ts'

/** What one event does to the pessimistic bound of an agent's failure probability. */
export type Influence = {
  /** Escrow id of the trade. */
  eventId: string
  at: number
  weight: number
  severity: number
  /** Bound with the event minus bound without it: positive makes the agent look worse. */
  moves: number
}

const CANDIDATES = 64

/** The events whose removal would move the upper bound most, largest first. */
export function explain(
  state: TrustState,
  { agent, now, limit }: { agent: number; now: number; limit: number },
  parameters: TrustParameters,
): Influence[] {
  const { history } = state
  const rows = chain(history.earlierOfSeller, state.lastOfSeller[agent] as number).filter(
    (row) => history.excluded[row] === 0 && (history.buyer[row] as number) >= 0,
  )
  const bound = boundWithout(state, rows, now, parameters)
  const size = (row: number): number => {
    const age = now - (history.at[row] as number)
    const weight = (history.weight[row] as number) * fade(age, parameters.successHalfLife)
    return weight + (history.forgiving[row] as number) + 4 * (history.severity[row] as number)
  }
  // Leaving out one event means folding all others: only those that weigh something are tried.
  const candidates = [...rows].sort((left, right) => size(right) - size(left)).slice(0, CANDIDATES)
  const with_ = bound(-1)
  return candidates
    .map((row) => ({
      eventId: history.ids[row] as string,
      at: history.at[row] as number,
      weight: history.weight[row] as number,
      severity: history.severity[row] as number,
      moves: with_ - bound(row),
    }))
    .sort((left, right) => Math.abs(right.moves) - Math.abs(left.moves))
    .slice(0, limit)
}

function boundWithout(
  state: TrustState,
  rows: readonly number[],
  now: number,
  parameters: TrustParameters,
): (left: number) => number {
  const { history } = state
  const base = baseOf(state.market, {}, parameters)
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
