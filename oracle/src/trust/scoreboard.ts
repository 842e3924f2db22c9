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

/**
 * The oracle's account of itself over realised escrows: discrimination (AUC, ties count half),
 * log-loss, Brier score and calibration. NaN where there was nothing to forecast.
 */
export function scoreboardOf(outcomes: readonly Outcome[]): Scoreboard {
  return {
    auc: aucOf(outcomes.map(({ probability, failed }) => ({ rank: probability, failed }))),
    logLoss: mean(
      outcomes,
      ({ probability, failed }) => -Math.log(likelihood(probability, failed)),
    ),
    brier: mean(outcomes, ({ probability, failed }) => (probability - (failed ? 1 : 0)) ** 2),
    calibration: calibrationOf(outcomes),
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
  const score: Outcome[] = []
  const pair: Outcome[] = []
  const constant: Outcome[] = []
  const beta: Outcome[] = []
  const failureShare: Outcome[] = []
  const records = new Map<number, { failures: number; trades: number }>()
  let [failures, trades] = [0, 0]
  for (let row = 0; row < history.count; row++) {
    if ((history.buyer[row] as number) < 0 || history.excluded[row] === 1) continue
    const failed = (history.severity[row] as number) >= 0.1
    const seller = history.seller[row] as number
    const own = records.get(seller) ?? { failures: 0, trades: 0 }
    const base = (failures + 1) / (trades + 10)
    score.push({ probability: history.forecast[row] as number, failed })
    pair.push({ probability: history.pairRisk[row] as number, failed })
    constant.push({ probability: base, failed })
    beta.push({ probability: (own.failures + 1) / (own.trades + 2), failed })
    failureShare.push({ probability: (own.failures + base) / (own.trades + 1), failed })
    records.set(seller, { failures: own.failures + Number(failed), trades: own.trades + 1 })
    failures += Number(failed)
    trades += 1
  }
  return {
    events: trades,
    failures,
    score: scoreboardOf(score),
    pair: scoreboardOf(pair),
    baselines: {
      constant: scoreboardOf(constant),
      beta: scoreboardOf(beta),
      failureShare: scoreboardOf(failureShare),
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

function mean(outcomes: readonly Outcome[], loss: (outcome: Outcome) => number): number {
  let sum = 0
  for (const outcome of outcomes) sum += loss(outcome)
  return sum / outcomes.length
}

/** Probability that a failed trade ranks above one that went well (Mann-Whitney). */
export function aucOf(ranked: readonly { rank: number; failed: boolean }[]): number {
  const sorted = [...ranked].sort((left, right) => left.rank - right.rank)
  let failures = 0
  let rankSum = 0
  for (let from = 0; from < sorted.length; ) {
    const rank = sorted[from]?.rank
    let to = from
    let failed = 0
    while (to < sorted.length && sorted[to]?.rank === rank) {
      if (sorted[to]?.failed) failed++
      to++
    }
    failures += failed
    rankSum += (failed * (from + to + 1)) / 2
    from = to
  }
  const successes = sorted.length - failures
  return (rankSum - (failures * (failures + 1)) / 2) / (failures * successes)
}

function calibrationOf(outcomes: readonly Outcome[]): CalibrationBin[] {
  const bins = BOUNDS.slice(1).map((to, bin) => ({
    from: BOUNDS[bin] as number,
    to,
    count: 0,
    sum: 0,
    failed: 0,
  }))
  for (const { probability, failed } of outcomes) {
    const bin = bins.find(({ to }) => probability < to) ?? bins.at(-1)
    if (!bin) continue
    bin.count++
    bin.sum += probability
    if (failed) bin.failed++
  }
  return bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, sum, failed }) => ({
      from,
      to,
      count,
      mean: sum / count,
      rate: failed / count,
    }))
}
