import { listen } from './trust/listen.ts'
import type { OracleClient } from './trust/oracle.ts'

/** Milliseconds after a hint: what happens in one block is one look. */
const SETTLE = 50

/** One who follows an escrow. */
export interface Follower {
  /**
   * Waits; ends sooner where the oracle said since the last wait that something happened.
   * @returns the milliseconds that it waited at least.
   */
  wait(milliseconds: number): Promise<number>
  /** Follows no longer. */
  leave(): void
}

/** Says when it is worth to look at an escrow. */
export interface Hints {
  follow(escrowId: string): Follower
}

/**
 * Listens to the oracle's events about an agent for as long as somebody follows an escrow. An event only
 * ends a wait: what happened the chain says (TOL-05), and without the oracle every wait has its full length.
 */
export function createHints({ oracle, agent }: { oracle: OracleClient; agent: string }): Hints {
  const followers = new Map<string, Set<() => void>>()
  let listening: AbortController | undefined

  async function hear(signal: AbortSignal): Promise<void> {
    const options = {
      query: { agent },
      after: 'now',
      wants: (escrowId: unknown) => followers.has(escrowId as string),
      signal,
    } as const
    for await (const { escrowId } of listen(oracle, options)) {
      for (const nudge of followers.get(escrowId ?? '') ?? []) nudge()
    }
  }

  return {
    follow(escrowId) {
      let isNudged = false
      let wake: (() => void) | undefined
      const nudge = () => {
        isNudged = true
        wake?.()
      }
      const others = followers.get(escrowId) ?? new Set()
      followers.set(escrowId, others.add(nudge))
      if (listening === undefined) {
        listening = new AbortController()
        void hear(listening.signal).catch(() => {})
      }
      return {
        async wait(milliseconds) {
          if (!isNudged) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, milliseconds)
              wake = () => {
                clearTimeout(timer)
                resolve()
              }
            })
            wake = undefined
          }
          if (!isNudged) return milliseconds
          await new Promise((resolve) => setTimeout(resolve, SETTLE))
          isNudged = false
          return SETTLE
        },
        leave() {
          wake?.()
          others.delete(nudge)
          if (others.size === 0 && followers.get(escrowId) === others) followers.delete(escrowId)
          if (followers.size > 0) return
          listening?.abort()
          listening = undefined
        },
      }
    },
  }
}
