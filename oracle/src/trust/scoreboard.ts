import type { TrustState } from './state.ts'

/** A forecast that was made before the trade, and what became of it (true = went wrong). */
export type Outcome = { probability: number; failed: boolean }

/** One bin of a reliability diagram. */
export type CalibrationBin = { from: number; to: number; count: number; mean: number; rate: number }

/** How good a set of forecasts was. */
export type Scoreboard = {
  auc: number
  logLoss: number
  brier: number
  calibration: CalibrationBin[]
}

/** Bounds of the bins of equal meaning: forecasts crowd at the low end. */
const BOUNDS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1]

/** Forecasts as columns: a million objects would cost the process seconds at every count. */
type Forecasts = { count: number; probability: Float64Array; failed: Uint8Array }

/**
 * The oracle's account of itself over realised escrows: discrimination (AUC, ties count half),
 * log-loss, Brier score and calibration. NaN where there was nothing to forecast.
 */
export function scoreboardOf(outcomes: readonly Outcome[]): Scoreboard {
  const forecasts = forecastsOf(outcomes.length)
  for (const { probability, failed } of outcomes) add(forecasts, probability, failed)
  return boardOf(forecasts)
}

function forecastsOf(room: number): Forecasts {
  return { count: 0, probability: new Float64Array(room), failed: new Uint8Array(room) }
}

function add(forecasts: Forecasts, probability: number, failed: boolean): void {
  forecasts.probability[forecasts.count] = probability
  forecasts.failed[forecasts.count++] = failed ? 1 : 0
}

function boardOf(forecasts: Forecasts): Scoreboard {
  const { count, probability, failed } = forecasts
  let [logLoss, brier] = [0, 0]
  for (let i = 0; i < count; i++) {
    const said = probability[i] as number
    const went = failed[i] === 1
    logLoss -= Math.log(likelihood(said, went))
    brier += (said - (went ? 1 : 0)) ** 2
  }
  return {
    auc: areaOf(forecasts),
    logLoss: logLoss / count,
    brier: brier / count,
    calibration: calibrationOf(forecasts),
  }
}

/** What the oracle said before each trade that counts, beside what simpler methods would have said. */
export type Account = {
  events: number
  failures: number
  score: Scoreboard
  pair: Scoreboard
  baselines: Record<'constant' | 'beta' | 'failureShare', Scoreboard>
}

/**
 * The oracle's account of its own forecasts over every realised escrow that counts: forecasts as they
 * stood before the trade, baselines from strictly earlier trades. A trade that gave its buyer a tenth or
 * more of the money back failed.
 */
export function accountOf({ history }: Pick<TrustState, 'history'>): Account {
  const [score, pair, constant, beta, failureShare] = Array.from({ length: 5 }, () =>
    forecastsOf(history.count),
  ) as [Forecasts, Forecasts, Forecasts, Forecasts, Forecasts]
  const agents = history.seller.reduce((most, seller) => Math.max(most, seller), 0) + 1
  const ownFailures = new Int32Array(agents)
  const ownTrades = new Int32Array(agents)
  let [failures, trades] = [0, 0]
  for (let row = 0; row < history.count; row++) {
    if ((history.buyer[row] as number) < 0 || history.excluded[row] === 1) continue
    const failed = (history.severity[row] as number) >= 0.1
    const seller = history.seller[row] as number
    const own = { failures: ownFailures[seller] as number, trades: ownTrades[seller] as number }
    const base = (failures + 1) / (trades + 10)
    add(score, history.forecast[row] as number, failed)
    add(pair, history.pairRisk[row] as number, failed)
    add(constant, base, failed)
    add(beta, (own.failures + 1) / (own.trades + 2), failed)
    add(failureShare, (own.failures + base) / (own.trades + 1), failed)
    ownFailures[seller] = own.failures + Number(failed)
    ownTrades[seller] = own.trades + 1
    failures += Number(failed)
    trades += 1
  }
  return {
    events: trades,
    failures,
    score: boardOf(score),
    pair: boardOf(pair),
    baselines: {
      constant: boardOf(constant),
      beta: boardOf(beta),
      failureShare: boardOf(failureShare),
    },
  }
}

/** The account as JSON can carry it: what there was nothing to measure by is null. */
export function accountAnswer({ events, failures, score, pair, baselines }: Account) {
  const measured = (value: number) => (Number.isFinite(value) ? value : null)
  const plain = ({ auc, logLoss, brier, calibration }: Scoreboard) => ({
    auc: measured(auc),
    logLoss: measured(logLoss),
    brier: measured(brier),
    calibration,
  })
  return {
    events,
    failures,
    score: plain(score),
    pair: plain(pair),
    baselines: Object.fromEntries(
      Object.entries(baselines).map(([name, board]) => [name, plain(board)]),
    ),
  }
}

function likelihood(probability: number, failed: boolean): number {
  const bounded = Math.min(1 - 1e-9, Math.max(1e-9, probability))
  return failed ? bounded : 1 - bounded
}

/** Probability that a failed trade ranks above one that went well (Mann-Whitney). */
export function aucOf(ranked: readonly { rank: number; failed: boolean }[]): number {
  const forecasts = forecastsOf(ranked.length)
  for (const { rank, failed } of ranked) add(forecasts, rank, failed)
  return areaOf(forecasts)
}

/** Sorts both sides by themselves and counts the pairs that stand in the right order, ties half. */
function areaOf({ count, probability, failed }: Forecasts): number {
  let failures = 0
  for (let i = 0; i < count; i++) failures += failed[i] as number
  const bad = new Float64Array(failures)
  const good = new Float64Array(count - failures)
  for (let i = 0, b = 0, g = 0; i < count; i++) {
    if (failed[i] === 1) bad[b++] = probability[i] as number
    else good[g++] = probability[i] as number
  }
  bad.sort()
  good.sort()
  let [area, below, notAbove] = [0, 0, 0]
  for (const rank of bad) {
    while (below < good.length && (good[below] as number) < rank) below++
    while (notAbove < good.length && (good[notAbove] as number) <= rank) notAbove++
    area += (below + notAbove) / 2
  }
  return area / (bad.length * good.length)
}

function calibrationOf({ count, probability, failed }: Forecasts): CalibrationBin[] {
  const bins = BOUNDS.length - 1
  const counts = new Int32Array(bins)
  const failures = new Int32Array(bins)
  const sums = new Float64Array(bins)
  for (let i = 0; i < count; i++) {
    const said = probability[i] as number
    let bin = 0
    while (bin < bins - 1 && said >= (BOUNDS[bin + 1] as number)) bin++
    counts[bin] = (counts[bin] as number) + 1
    sums[bin] = (sums[bin] as number) + said
    failures[bin] = (failures[bin] as number) + (failed[i] as number)
  }
  return Array.from(counts, (count, bin) => ({
    from: BOUNDS[bin] as number,
    to: BOUNDS[bin + 1] as number,
    count,
    mean: (sums[bin] as number) / count,
    rate: (failures[bin] as number) / count,
  })).filter(({ count }) => count > 0)
}
