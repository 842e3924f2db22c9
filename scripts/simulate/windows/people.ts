import type { Profile } from '@earnest/sdk/protocol'
import type { Chance } from '../../bench/verify/chance.ts'

const HOUR = 3600
const WEEK = 7 * 24 * HOUR

/** How a buyer behaves after a delivery. */
export interface BuyerKind {
  name: 'attentive' | 'weekends' | 'offline' | 'absent' | 'griefing'
  /** The windows that its pacts have under our rule. */
  profile: Profile
  /** Seconds after the delivery at which it looks by itself; infinite: never. */
  looksAfter(chance: Chance, deliveredAt: number): number
  /** Probability that a reminder makes it look. */
  wakes: number
  /** Disputes whatever was delivered. */
  isGriefing?: true
}

/** What a seller delivers and how it answers a dispute. */
export interface SellerKind {
  name: 'honest' | 'lazy' | 'lying' | 'silent'
  /** Part of the work that is really there, 0 to 1. */
  quality(chance: Chance): number
  /** Probabilities of the answers to a dispute; the rest is silence. */
  refunds: number
  defends: number
  /** Writes for the judges, as people who cheat do. */
  isAdversarial: boolean
}

const soon = (chance: Chance, meanHours: number) => -Math.log(1 - chance.next()) * meanHours * HOUR

/** Second of the week, from Monday 00:00; work is from 9 to 18 on five days. */
const isAtWork = (at: number) => {
  const second = at % WEEK
  const hour = (second % (24 * HOUR)) / HOUR
  return second < 5 * 24 * HOUR && hour >= 9 && hour < 18
}

/** Buyers. */
export const buyers: readonly BuyerKind[] = [
  { name: 'attentive', profile: 'agent', wakes: 1, looksAfter: (chance) => soon(chance, 0.25) },
  {
    name: 'weekends',
    profile: 'human',
    wakes: 0.3,
    looksAfter(chance, deliveredAt) {
      // Away from Thursday evening to Tuesday morning in every second week: a long weekend.
      const isLong = chance.next() < 0.5
      let after = soon(chance, 3)
      for (;;) {
        const second = (deliveredAt + after) % WEEK
        const isAway = isLong && (second > 3.75 * 24 * HOUR || second < 33 * HOUR)
        if (isAtWork(deliveredAt + after) && !isAway) return after
        after += HOUR
      }
    },
  },
  {
    name: 'offline',
    profile: 'agent',
    wakes: 0,
    looksAfter: (chance) => (chance.next() < 0.7 ? soon(chance, 0.25) : soon(chance, 60)),
  },
  { name: 'absent', profile: 'human', wakes: 0.1, looksAfter: () => Number.POSITIVE_INFINITY },
  {
    name: 'griefing',
    profile: 'agent',
    wakes: 1,
    looksAfter: (chance) => soon(chance, 0.25),
    isGriefing: true,
  },
]

/** Sellers. */
export const sellers: readonly SellerKind[] = [
  {
    name: 'honest',
    quality: (chance) => (chance.next() < 0.05 ? 0.7 : 1),
    refunds: 0.5,
    defends: 0.5,
    isAdversarial: false,
  },
  { name: 'lazy', quality: () => 0.4, refunds: 0.2, defends: 0.6, isAdversarial: false },
  { name: 'lying', quality: () => 0, refunds: 0, defends: 1, isAdversarial: true },
  { name: 'silent', quality: () => 0.6, refunds: 0, defends: 0, isAdversarial: false },
]
