import { EarnestError } from '@earnest/sdk/protocol'

/** Things of which only so many may be there at a time: open streams, bytes under way. */
export type Slots = {
  /**
   * Takes some until `release` is called, which may happen more than once.
   * @throws too_many_at_once, overloaded (both retryable)
   */
  take(client: string, amount?: number): { release(): void }
  used(): number
}

/**
 * @param total For all clients together.
 * @param each For one client.
 */
export function createSlots({ total, each }: { total: number; each: number }): Slots {
  const held = new Map<string, number>()
  let used = 0
  return {
    take(client, amount = 1) {
      const own = held.get(client) ?? 0
      const details = { retryAfter: 1 }
      if (own + amount > each) {
        throw new EarnestError('too_many_at_once', 'This client has too much under way', {
          retryable: true,
          details,
        })
      }
      if (used + amount > total) {
        throw new EarnestError('overloaded', 'Too much is under way', { retryable: true, details })
      }
      used += amount
      held.set(client, own + amount)
      let released = false
      return {
        release() {
          if (released) return
          released = true
          used -= amount
          const left = (held.get(client) ?? 0) - amount
          if (left > 0) held.set(client, left)
          else held.delete(client)
        },
      }
    },
    used: () => used,
  }
}
