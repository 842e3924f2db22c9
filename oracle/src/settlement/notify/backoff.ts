/** Tries after which a delivery is given up and its subscription stops: about a day. */
export const MAX_ATTEMPTS = 12

const FIRST = 5
const LONGEST = 6 * 3600

/**
 * Seconds until the next try: three times as long after each failure, from 5 s to 6 h, and of that
 * between a half and the whole, so that those who failed together do not come back together.
 * @param chance 0..1.
 */
export function backoffOf(failures: number, chance: number): number {
  const whole = Math.min(LONGEST, FIRST * 3 ** Math.max(0, failures - 1))
  return Math.ceil(whole * (0.5 + chance / 2))
}
