import type { Agent } from './discovery/discover.ts'
import type { Clock } from './protocol/clock.ts'

/** Seconds for which what a partner and the oracle said of themselves is taken as said. */
const KNOWN_FOR = 600
/** Sellers that are remembered at most, the latest met: who asks for whom may be a stranger. */
const MAX_KNOWN = 256

/** When a seller is a partner, of whom less is asked; off unless given (POL-10, API-14). */
export interface TrustedPair {
  /** Trades with it that this buyer saw paid in full, without any that ended otherwise since. */
  minTransactions: number
}

type Known = { agent: Agent; at: number /** Ids of trades. */; paid: Set<string> }

/** Sellers with whom a buyer has traded well since it was made: their cards need not be read anew each time. */
export interface Partners {
  /** The card that was proven a short while ago; undefined for whoever is no partner. */
  find(agentUrl: string): Agent | undefined
  /** A card was read and proven. */
  meet(agentUrl: string, agent: Agent): void
  /** A trade ended; whatever is not full payment ends the partnership. */
  count(agentUrl: string, tradeId: string, isPaid: boolean): void
}

/** Keeps the partners of one buyer, in memory. */
export function createPartners(pair: TrustedPair | undefined, clock: Clock): Partners {
  const known = new Map<string, Known>()
  return {
    find(agentUrl) {
      const one = known.get(agentUrl)
      if (pair === undefined || one === undefined || one.paid.size < pair.minTransactions) return
      return clock.now() < one.at + KNOWN_FOR ? one.agent : undefined
    },
    meet(agentUrl, agent) {
      if (pair === undefined) return
      const before = known.get(agentUrl)
      const paid = before?.agent.did === agent.did ? before.paid : new Set<string>()
      known.delete(agentUrl)
      known.set(agentUrl, { agent, at: clock.now(), paid })
      const [oldest] = known.keys()
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    },
    count(agentUrl, tradeId, isPaid) {
      const one = known.get(agentUrl)
      if (pair === undefined || one === undefined) return
      if (!isPaid) known.delete(agentUrl)
      else if (one.paid.size < pair.minTransactions) one.paid.add(tradeId)
    },
  }
}
