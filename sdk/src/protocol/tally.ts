import { type Calibration, UNIT } from './calibration.ts'

/** The published rule of this version; it stands in every record. */
export const TALLY_RULE = 'weighted-median/1'

/** Fewer valid ballots than this decide nothing (W-35, DSP-13). */
export const QUORUM = 3

/** No seat's share of the weight exceeds this, so that none decides alone (ATK-07). */
const MAX_SHARE = 4000
/** Below this many independent votes, in ten-thousandths, the case should go up. */
const MIN_EFFECTIVE = 15_000
/** Above this weighted mean distance from the median, in basis points, it should too. */
const MAX_DISSENT = 2500

/** Why a tally should go up the ladder although it may have a number. */
export type Doubt =
  | 'no_quorum'
  | 'no_reliable_seat'
  | 'too_few_effective_votes'
  | 'too_much_dissent'
  | 'leaning_against_median'

/** What the ballots of a jury come to. All figures are integers. */
export type Tally = {
  /** The seller's share in basis points, a whole percent; null without a quorum of reliable seats. */
  sellerBps: number | null
  /** Log-odds for the seller over all seats with signed weights; its sign answers an either-or question. */
  leaning: number
  /** The weight each seat's vote had in the median. */
  weights: number[]
  /** Independent votes, in ten-thousandths. */
  effectiveVotes: number
  /** Weighted mean distance of the votes from the median, in basis points. */
  dissent: number
  /** The source's trimmed mean, in basis points; a diagnostic (W-6). */
  trimmedMean: number | null
  /** Empty: the number stands. */
  doubts: Doubt[]
}

/**
 * Counts the ballots: each vote is the seller's share in basis points, null where the seat abstained.
 * The share is the weighted median of the reliable seats; with equal weights that is the plain median,
 * and of an even number the mean of the two middle votes, floored to a whole percent (W-6).
 */
export function tally(votes: readonly (number | null)[], calibration: Calibration): Tally {
  const ballots = votes.flatMap((vote, seat) =>
    vote === null ? [] : [{ seat, vote, signed: calibration.weights[seat] ?? 0 }],
  )
  const capped = cap(ballots.map((ballot) => Math.max(0, ballot.signed)))
  const weighed = ballots.map((ballot, index) => ({ ...ballot, weight: capped[index] ?? 0 }))
  const leaning =
    ballots.reduce((sum, { signed, vote }) => sum + signed * (2 * vote - UNIT), 0) / UNIT

  const reliable = weighed.some(({ weight }) => weight > 0)
  const median = reliable ? weightedMedian(weighed) : null
  const effectiveVotes = reliable ? effective(weighed, calibration.correlation) : 0
  const dissent = median === null ? 0 : spread(weighed, median)

  const doubts: Doubt[] = []
  if (ballots.length < QUORUM) doubts.push('no_quorum')
  if (!reliable) doubts.push('no_reliable_seat')
  if (effectiveVotes < MIN_EFFECTIVE) doubts.push('too_few_effective_votes')
  if (dissent > MAX_DISSENT) doubts.push('too_much_dissent')
  if (median !== null && leaning * (2 * median - UNIT) < 0) doubts.push('leaning_against_median')

  return {
    sellerBps: ballots.length < QUORUM || median === null ? null : floorPercent(median),
    leaning: Math.round(leaning),
    weights: votes.map((_, seat) => weighed.find((ballot) => ballot.seat === seat)?.weight ?? 0),
    effectiveVotes,
    dissent,
    trimmedMean: ballots.length < QUORUM ? null : trimmedMean(ballots.map(({ vote }) => vote)),
    doubts,
  }
}

/** The middle of the weight; where it falls between two votes, their mean. */
export function weightedMedian(votes: readonly { vote: number; weight: number }[]): number {
  const sorted = votes.filter(({ weight }) => weight > 0).sort((a, b) => a.vote - b.vote)
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const [index, { vote, weight }] of sorted.entries()) {
    below += weight
    if (2 * below > total) return vote
    if (2 * below === total) return (vote + (sorted[index + 1]?.vote ?? vote)) / 2
  }
  return Number.NaN
}

/** Mean without the highest and the lowest vote, floored to a basis point (DSP-14). */
export function trimmedMean(votes: readonly number[]): number {
  const middle = [...votes].sort((a, b) => a - b).slice(1, -1)
  return Math.floor(middle.reduce((sum, vote) => sum + vote, 0) / middle.length)
}

/** Cuts the largest weights to `MAX_SHARE` of what then stands; equal weights stay equal. */
function cap(weights: readonly number[]): number[] {
  const descending = weights.filter((weight) => weight > 0).sort((a, b) => b - a)
  // Of one or two seats none can stay below a half; the doubts deal with those.
  if (descending.length < 3) return [...weights]
  // With `held` seats at the limit, the others make up the rest of the whole.
  const limitOf = (held: number) => {
    const rest = descending.slice(held).reduce((sum, weight) => sum + weight, 0)
    return Math.floor((rest * MAX_SHARE) / (UNIT - held * MAX_SHARE))
  }
  const held = [0, 1].find((count) => (descending[count] ?? 0) <= limitOf(count)) ?? 2
  return held === 0 ? [...weights] : weights.map((weight) => Math.min(weight, limitOf(held)))
}

/** Kish's effective sample size with the seats' error correlation, in ten-thousandths. */
function effective(
  ballots: readonly { seat: number; weight: number }[],
  correlation: readonly (readonly number[])[],
): number {
  const total = ballots.reduce((sum, { weight }) => sum + weight, 0)
  let shared = 0
  for (const a of ballots)
    for (const b of ballots) shared += a.weight * b.weight * (correlation[a.seat]?.[b.seat] ?? 0)
  return Math.floor((total * total * UNIT) / (shared / UNIT))
}

function spread(ballots: readonly { vote: number; weight: number }[], median: number): number {
  const total = ballots.reduce((sum, { weight }) => sum + weight, 0)
  const away = ballots.reduce((sum, { vote, weight }) => sum + weight * Math.abs(vote - median), 0)
  return Math.floor(away / total)
}

const floorPercent = (bps: number) => Math.floor(bps / 100) * 100
