import { EarnestError } from '@earnest/sdk/protocol'

/** Requests that one client may make: a burst, refilled evenly. */
export type Limit = { burst: number; perSecond: number }

export type Limiter = {
  /** @throws rate_limited with the seconds to wait in `details.retryAfter`. */
  take(client: string): void
}

/** Clients remembered at once; beyond that the longest unseen are forgotten. */
const MAX_CLIENTS = 50_000

/**
 * A token bucket for each client of this process.
 * @param monotonic Milliseconds that never go back.
 */
export function createLimiter(limit: Limit, monotonic: () => number): Limiter {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take(client) {
      const now = monotonic()
      const bucket = buckets.get(client) ?? { tokens: limit.burst, at: now }
      const refilled = bucket.tokens + ((now - bucket.at) / 1000) * limit.perSecond
      const tokens = Math.min(limit.burst, refilled)
      // Re-inserted, so that the map's order is by last use.
      buckets.delete(client)
      if (buckets.size >= MAX_CLIENTS) {
        const oldest = buckets.keys().next().value
        if (oldest !== undefined) buckets.delete(oldest)
      }
      buckets.set(client, { tokens: tokens < 1 ? tokens : tokens - 1, at: now })
      if (tokens >= 1) return
      const retryAfter = Math.max(1, Math.ceil((1 - tokens) / limit.perSecond))
      throw new EarnestError('rate_limited', 'Too many requests', {
        retryable: true,
        details: { retryAfter },
      })
    },
  }
}
