import { MOST_OF_POOL } from '@earnest/sdk/protocol'
import { capped } from '../../../oracle/src/settlement/committee/capped.ts'
import { mulberry } from '../../bench/forecast-bootstrap.ts'

/** A member of the pool as a draw sees it. */
export type Member = { reputation: number; stake: number; bribed: boolean }

/** A way to seat a panel: places of seven members, by chance of its own or none. */
export type Selection = (pool: readonly Member[], random: () => number) => number[]

const SEATS = 7

function byWeight(weightsOf: (pool: readonly Member[]) => number[]): Selection {
  return (pool, random) => {
    const weights = weightsOf(pool)
    const seats: number[] = []
    while (seats.length < Math.min(SEATS, pool.length)) {
      const sum = weights.reduce((total, weight) => total + weight, 0)
      let mark = random() * sum
      let seat = weights.length - 1
      for (const [member, weight] of weights.entries()) {
        mark -= weight
        if (mark < 0) {
          seat = member
          break
        }
      }
      seats.push(seat)
      weights[seat] = 0
    }
    return seats
  }
}

/** The four that are compared; the protocol's own is the draw by capped reputation. */
export const selections: Record<string, Selection> = {
  'capped reputation': byWeight((pool) =>
    capped(
      pool.map(({ reputation }) => Math.round(reputation)),
      Number(MOST_OF_POOL),
    ),
  ),
  'equal lottery': byWeight((pool) => pool.map(() => 1)),
  stake: byWeight((pool) => pool.map(({ stake }) => stake)),
  'best seven': (pool) =>
    pool
      .map((member, place) => ({ place, reputation: member.reputation }))
      .sort((left, right) => right.reputation - left.reputation)
      .slice(0, SEATS)
      .map(({ place }) => place),
}

/** What a way of seating does when somebody fields sybils, buys the best, or brings money. */
export type Seating = {
  name: string
  /** Share of panels whose majority is the briber's: a third of the pool are its fresh accounts; it bought the
   * seven best; it stakes as much as everybody else together in seven accounts. */
  sybils: number
  famous: number
  rich: number
  /** Share of all seats that the busiest tenth gets. */
  busiest: number
}

/** Seats many panels out of three attacked pools. */
export function compareSelections(
  ways: Record<string, Selection> = selections,
  { panels = 2_000, seed = 1 }: { panels?: number; seed?: number } = {},
): Seating[] {
  return Object.entries(ways).map(([name, select]) => {
    const random = mulberry(seed)
    const honest = (): Member => ({
      reputation: 100 + 900 * random() ** 3,
      stake: 50 + 100 * random(),
      bribed: false,
    })
    const crowd = Array.from({ length: 60 }, honest)
    const all = crowd.reduce((sum, { stake }) => sum + stake, 0)
    const many = (length: number, member: Omit<Member, 'bribed'>): Member[] =>
      Array.from({ length }, () => ({ ...member, bribed: true }))
    const best = [...crowd].sort((left, right) => right.reputation - left.reputation).slice(0, 7)
    const captured = (pool: readonly Member[]): number => {
      let taken = 0
      for (let panel = 0; panel < panels; panel++) {
        const seats = select(pool, random)
        if (seats.filter((seat) => pool[seat]?.bribed).length * 2 > seats.length) taken++
      }
      return taken / panels
    }
    return {
      name,
      sybils: captured([...crowd, ...many(30, { reputation: 20, stake: 50 })]),
      famous: captured(crowd.map((one) => (best.includes(one) ? { ...one, bribed: true } : one))),
      rich: captured([...crowd, ...many(7, { reputation: 100, stake: all / 7 })]),
      busiest: busiestShare(crowd, { select, random, panels }),
    }
  })
}

function busiestShare(
  pool: readonly Member[],
  { select, random, panels }: { select: Selection; random: () => number; panels: number },
): number {
  const seats = new Float64Array(pool.length)
  for (let panel = 0; panel < panels; panel++) {
    for (const seat of select(pool, random)) seats[seat] = (seats[seat] as number) + 1
  }
  const sorted = [...seats].sort((left, right) => right - left)
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  return sum(sorted.slice(0, Math.ceil(pool.length / 10))) / sum(sorted)
}
