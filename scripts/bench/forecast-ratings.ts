import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { SettledEscrow } from '../../oracle/src/trust/event.ts'
import { refuse } from './refuse.ts'

/** One line of a rating file: rater, ratee, rating (-10..10), unix seconds. */
export type Rating = { rater: string; ratee: string; rating: number; at: number }

/** Share of the ratings, in time order, that only teaches. */
export const WARM_UP = 0.2

/** Ratings in time order, and how many other lines were passed over: headers, gaps, what is no number. */
export type RatingFile = { ratings: Rating[]; skipped: number }

/** No time of people lies beyond the year 2200: such a file counts milliseconds. */
const LATEST = 7_258_118_400

/**
 * Reads a rating file (plain or gzip). A line that lacks one of the four fields, rates with 0 or rates
 * oneself is no rating; lines may come in any order, and one that is there twice was two trades.
 * Ends the command if no rating is left or times are not unix seconds.
 */
export function readRatings(path: string): RatingFile {
  const lines = linesOf(path)
  const ratings = lines
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
        Number.isFinite(rating) && Number.isFinite(at) && at > 0 && rating !== 0 && rater !== ratee,
    )
    .sort((left, right) => left.at - right.at)
  const latest = ratings.at(-1)
  if (!latest) refuse(`no rating in ${path}: a line is rater,ratee,rating,unix seconds`)
  if (latest.at > LATEST) refuse(`times in ${path} are not unix seconds: ${latest.at}`)
  return { ratings, skipped: lines.length - ratings.length }
}

/** Lines of a text file (plain or gzip) that are not empty; ends the command if it cannot be read. */
export function linesOf(path: string): string[] {
  try {
    const raw = readFileSync(path)
    const text = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8')
    return text.split(/\r?\n/).filter((line) => line.trim() !== '')
  } catch (error) {
    return refuse(`${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
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

/** The seeds named, by commas, or the default ones; ends the command where the ratings know one of them not. */
export function seedsOf(named: string | undefined, ratings: readonly Rating[]): string[] {
  const seeds = named?.split(',') ?? defaultSeeds(ratings)
  const users = new Set(ratings.flatMap(({ rater, ratee }) => [rater, ratee]))
  const unknown = seeds.filter((seed) => !users.has(seed))
  if (unknown.length > 0) refuse(`no such seed in the ratings: ${unknown.join(', ')}`)
  return seeds
}

/**
 * The seeds where none are named: the earliest five raters who, within the warm-up, had good trades
 * with at least twenty different people; if there are none, the one with the most.
 */
function defaultSeeds(ratings: readonly Rating[]): string[] {
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
