import type { EventType, OracleEvent } from './protocol/event.ts'
import { listen, type Told } from './trust/listen.ts'
import type { OracleClient } from './trust/oracle.ts'

/** Milliseconds after a hint: what happens in one block is one look. */
const SETTLE = 50

/** What is told before anything more than the lock is on chain: no reason to look there. */
const EARLY: ReadonlySet<unknown> = new Set<EventType>([
  'pact_registered',
  'funding_seen',
  'funded',
  'completion_received',
])

/** One who follows an escrow. */
export interface Follower {
  /**
   * Waits; ends sooner where the oracle said since the last wait that something happened.
   * @returns the milliseconds that it waited at least.
   */
  wait(milliseconds: number): Promise<number>
  /** True where a word ended the last wait. */
  wasWoken(): boolean
  /** Number of the stream that is open now: while it stays, what happens is told; 0: none is open. */
  stream(): number
  /** Follows no longer. */
  leave(): void
}

/** Says when it is worth to look at an escrow. */
export interface Hints {
  follow(escrowId: string): Follower
}

/** Hints out of a stream of events that somebody listens to anyhow. */
export interface ToldHints extends Hints {
  /** True for an event that would end a wait. */
  wants(told: Told): boolean
  /** Takes an event whose signature was checked. */
  tell(event: OracleEvent): void
  /** Takes that the stream of events begins or ends. */
  hear(begins: boolean): void
}

/**
 * Listens to the oracle's events about an agent for as long as somebody follows an escrow. An event only
 * ends a wait: what happened the chain says (TOL-05), and without the oracle every wait has its full length.
 */
export function createHints({ oracle, agent }: { oracle: OracleClient; agent: string }): Hints {
  const told = createToldHints()
  let listening: AbortController | undefined
  let followers = 0

  async function hear(signal: AbortSignal): Promise<void> {
    const { wants, hear: onOpen } = told
    const options = { query: { agent }, after: 'now', wants, onOpen, signal } as const
    for await (const event of listen(oracle, options)) told.tell(event)
  }

  return {
    follow(escrowId) {
      const follower = told.follow(escrowId)
      followers++
      if (listening === undefined) {
        listening = new AbortController()
        void hear(listening.signal).catch(() => {})
      }
      return {
        ...follower,
        leave() {
          follower.leave()
          followers--
          if (followers > 0) return
          listening?.abort()
          listening = undefined
        },
      }
    },
  }
}

/** The same for who listens to the agent's events anyhow and passes them on. */
export function createToldHints(): ToldHints {
  const followers = new Map<string, Set<() => void>>()
  const wants = ({ escrowId, type }: Told) => !EARLY.has(type) && followers.has(escrowId as string)
  let streams = 0
  let isOpen = false

  return {
    wants,
    tell(event) {
      if (wants(event)) for (const nudge of followers.get(event.escrowId ?? '') ?? []) nudge()
    },
    hear(begins) {
      if (begins) streams++
      isOpen = begins
    },
    follow(escrowId) {
      let isNudged = false
      let wasWoken = false
      let wake: (() => void) | undefined
      const nudge = () => {
        isNudged = true
        wake?.()
      }
      const others = followers.get(escrowId) ?? new Set()
      followers.set(escrowId, others.add(nudge))
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
          wasWoken = isNudged
          if (!isNudged) return milliseconds
          await new Promise((resolve) => setTimeout(resolve, SETTLE))
          isNudged = false
          return SETTLE
        },
        wasWoken: () => wasWoken,
        stream: () => (isOpen ? streams : 0),
        leave() {
          wake?.()
          others.delete(nudge)
          if (others.size === 0 && followers.get(escrowId) === others) followers.delete(escrowId)
        },
      }
    },
  }
}
