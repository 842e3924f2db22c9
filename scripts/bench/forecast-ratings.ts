import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { SettledEscrow } from '../../oracle/src/trust/event.ts'

/** One line of a rating file: rater, ratee, rating (-10..10), unix seconds. */
export type Rating = { rater: string; ratee: string; rating: number; at: number }

/** Share of the ratings, in time order, that only teaches. */
export const WARM_UP = 0.2

/** Reads a rating file (plain or gzip) in time order; lines without four usable fields are no ratings. */
export function readRatings(path: string): Rating[] {
  const raw = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8')
  return text
    .split(/\r?\n/)
    .map((line) => line.split(/[,;\t]/).map((field) => field.trim()))
    .filter((fields) => fields.length >= 4 && fields.slice(0, 4).every((field) => field !== ''))
    .map(([rater = '', ratee = '', rating, at]) => ({
      rater,
      ratee,
      rating: Number(rating),
      at: Number(at),
    }))
    .filter(
      ({ rater, ratee, rating, at }) =>
        Number.isFinite(rating) && Number.isFinite(at) && rating !== 0 && rater !== ratee,
    )
    .sort((left, right) => left.at - right.at)
}

/**
 * A rating as a settled escrow: above 0 fulfilled, below 0 failed with nobody to rule on it. One
 * unit of fee stands for the trade; the amount is unknown.
 */
export function escrowOf({ rater, ratee, rating, at }: Rating, index: number): SettledEscrow {
  const failed = rating < 0
  return {
    kind: 'settled',
    escrowId: `rating-${index}`,
    at,
    buyer: rater,
    seller: ratee,
    capability: 'rated',
    amount: 0n,
    protocolFee: failed ? 0n : 500_000n,
    ending: failed ? 'expired' : 'completed',
    sellerBps: failed ? 0 : 10_000,
    ...(failed ? { dispute: { by: 'buyer', awardedBps: null } } : {}),
  }
}

/**
 * The seeds where none are named: the earliest five raters who, within the warm-up, had good trades
 * with at least twenty different people; if there are none, the one with the most.
 */
export function defaultSeeds(ratings: readonly Rating[]): string[] {
  const partners = new Map<string, Set<string>>()
  for (const { rater, ratee, rating } of ratings.slice(0, Math.floor(ratings.length * WARM_UP))) {
    const known = partners.get(rater) ?? new Set()
    partners.set(rater, known)
    if (rating > 0) known.add(ratee)
  }
  const active = [...partners].filter(([, known]) => known.size >= 20).map(([rater]) => rater)
  if (active.length > 0) return active.slice(0, 5)
  const [most] = [...partners].sort(([, left], [, right]) => right.size - left.size)
  return most ? [most[0]] : []
}
