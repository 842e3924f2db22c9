import type { Follower } from './hints.ts'

/** Intervals, and milliseconds, for which nobody looks at most while the oracle would say what happens. */
const INTERVALS = 5
const AT_MOST = 10_000

/**
 * Waits until there may be something to see: one interval, or several for as long as the stream that was
 * open at the last look stays, for then it would be told. One that broke off may have kept something back.
 * @returns the milliseconds that it waited at least.
 */
export async function doze(
  follower: Follower,
  options: {
    /** The stream's number from before the last look. */
    stream: number
    interval: number
    /** Milliseconds after which nobody waits any more. */
    left: number
  },
): Promise<number> {
  const { stream, interval, left } = options
  // A word that the chain did not bear out, because ours is behind the oracle's, is no reason to doze.
  const mayDoze = stream !== 0 && !follower.wasWoken()
  const last = Math.min(INTERVALS * interval, AT_MOST, left) - interval
  let waited = await follower.wait(interval)
  while (mayDoze && waited <= last && !follower.wasWoken() && follower.stream() === stream) {
    waited += await follower.wait(interval)
  }
  return waited
}
