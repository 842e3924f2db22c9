import * as z from 'zod'
import { EarnestError } from './error.ts'

const PATTERN = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/
/** 9999-12-31T23:59:59Z; fits the contract's uint40. */
export const MAX_TIME = 253_402_300_799

/** Unix seconds out of "2026-01-01T00:00:00Z". Throws `invalid_time` for offsets, fractions, impossible days (PCT-08). */
export function parseUtc(text: string): number {
  const seconds = PATTERN.test(text) ? Date.parse(text) / 1000 : Number.NaN
  // February 30 would roll over silently.
  if (!(seconds >= 0) || formatUtc(seconds) !== text) {
    throw new EarnestError('invalid_time', 'Want UTC like 2026-01-01T00:00:00Z')
  }
  return seconds
}

/** "2026-01-01T00:00:00Z" out of unix seconds. Throws `invalid_time`. */
export function formatUtc(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_TIME) {
    throw new EarnestError('invalid_time', `Want whole unix seconds, got ${seconds}`)
  }
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

/** Time: ISO 8601 UTC with whole seconds on the wire, unix seconds in memory. */
export const utc = z.codec(
  z.string().regex(PATTERN, 'want UTC like 2026-01-01T00:00:00Z'),
  z.int().min(0).max(MAX_TIME),
  {
    decode: (text, context) => {
      try {
        return parseUtc(text)
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'no such day' })
        return z.NEVER
      }
    },
    encode: formatUtc,
  },
)
