import { rankGraph } from '../../oracle/src/trust/rank.ts'
import { type Rating, WARM_UP } from './forecast-ratings.ts'

/** A rival: what it says before a rating, and how it learns from it. */
type Baseline = {
  /** Larger means worse. */
  rank(rating: Rating, index: number): number
  /** Whether the rank is a probability, so that a log-loss means something. */
  probability: boolean
  learn(rating: Rating, index: number): void
}

type Count = { good: number; bad: number; at: number }

function counts(halfLife?: number): {
  of(user: string, at: number): Count
  add(rating: Rating): void
  all(): Iterable<Count>
} {
  const known = new Map<string, Count>()
  const of = (user: string, at: number): Count => {
    const count = known.get(user)
    if (!count) return { good: 0, bad: 0, at }
    const kept = halfLife ? 2 ** (-(at - count.at) / halfLife) : 1
    return { good: count.good * kept, bad: count.bad * kept, at }
  }
  return {
    of,
    add({ ratee, rating, at }) {
      const count = of(ratee, at)
      if (rating > 0) count.good++
      else count.bad++
      known.set(ratee, count)
    },
    all: () => known.values(),
  }
}

function running(): { rate(): number; add(rating: Rating): void } {
  let failures = 1
  let trades = 10
  return {
    rate: () => failures / trades,
    add({ rating }) {
      trades++
      if (rating < 0) failures++
    },
  }
}

/** Every rival of the published table, by name. */
export function baselines(
  ratings: readonly Rating[],
  seeds: readonly string[],
): Record<string, Baseline> {
  return {
    constant: constant(ratings),
    eigenTrust: eigenTrust(ratings, seeds),
    wilson: wilson(),
    netScore: netScore(),
    fairnessGoodness: fairnessGoodness(ratings),
    beta11: beta11(),
    rawFailureShare: rawFailureShare(),
    empiricalBayesBeta: empiricalBayesBeta(),
  }
}

function constant(ratings: readonly Rating[]): Baseline {
  // The rate of the very trades that are forecast: more than any constant could know.
  const asked = ratings.slice(Math.floor(ratings.length * WARM_UP))
  const rate = asked.filter(({ rating }) => rating < 0).length / Math.max(1, asked.length)
  return { rank: () => rate, probability: true, learn: () => {} }
}

/** Users as indices, edges as columns. */
function columns(ratings: readonly Rating[]): {
  indexOf: Map<string, number>
  sources: Int32Array
  targets: Int32Array
} {
  const indexOf = new Map<string, number>()
  const index = (user: string): number => {
    const known = indexOf.get(user) ?? indexOf.size
    indexOf.set(user, known)
    return known
  }
  return {
    sources: Int32Array.from(ratings, ({ rater }) => index(rater)),
    targets: Int32Array.from(ratings, ({ ratee }) => index(ratee)),
    indexOf,
  }
}

function eigenTrust(ratings: readonly Rating[], seeds: readonly string[]): Baseline {
  const { indexOf, sources, targets } = columns(ratings)
  const kept = { sources: new Int32Array(ratings.length), targets: new Int32Array(ratings.length) }
  const weights = new Float64Array(ratings.length).fill(1)
  let edges = 0
  let trust: Float64Array = new Float64Array(indexOf.size)
  return {
    probability: false,
    rank: (_, index) => -(trust[targets[index] as number] as number),
    learn({ rating }, index) {
      if (rating > 0) {
        kept.sources[edges] = sources[index] as number
        kept.targets[edges++] = targets[index] as number
      }
      if (index % 1_000 !== 0) return
      const graph = {
        nodes: indexOf.size,
        edges,
        weights,
        ...kept,
        seeds: seeds.map((seed) => indexOf.get(seed)).filter((seed) => seed !== undefined),
      }
      trust = rankGraph(graph, { alpha: 0.15, tolerance: 1e-9 }).trust
    },
  }
}

function wilson(): Baseline {
  const count = counts()
  return {
    probability: false,
    rank({ ratee, at }) {
      const { good, bad } = count.of(ratee, at)
      const n = good + bad
      if (n === 0) return 0
      const z = 1.96
      const share = good / n
      const root = Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
      return -(share + (z * z) / (2 * n) - z * root) / (1 + (z * z) / n)
    },
    learn: (rating) => count.add(rating),
  }
}

function netScore(): Baseline {
  const count = counts()
  return {
    probability: false,
    rank({ ratee, at }) {
      const { good, bad } = count.of(ratee, at)
      return bad - good
    },
    learn: (rating) => count.add(rating),
  }
}

/** Fairness and goodness (Kumar et al. 2016), iterated over the past every thousand ratings. */
function fairnessGoodness(ratings: readonly Rating[]): Baseline {
  const { indexOf, sources, targets } = columns(ratings)
  const users = indexOf.size
  let goodness = new Float64Array(users)
  let typical = 0
  return {
    probability: false,
    rank: (_, index) => -((goodness[targets[index] as number] as number) || typical),
    learn(_, last) {
      if (last % 1_000 !== 0) return
      const fairness = new Float64Array(users).fill(1)
      goodness = new Float64Array(users).fill(1)
      for (let step = 0; step < 20; step++) {
        const received = new Float64Array(users)
        const receivedCount = new Float64Array(users)
        for (let i = 0; i <= last; i++) {
          const target = targets[i] as number
          const value = (ratings[i] as Rating).rating / 10
          received[target] =
            (received[target] as number) + value * (fairness[sources[i] as number] as number)
          receivedCount[target] = (receivedCount[target] as number) + 1
        }
        for (let user = 0; user < users; user++) {
          const n = receivedCount[user] as number
          goodness[user] = n > 0 ? (received[user] as number) / n : 1
        }
        const off = new Float64Array(users)
        const given = new Float64Array(users)
        for (let i = 0; i <= last; i++) {
          const source = sources[i] as number
          const value = (ratings[i] as Rating).rating / 10
          const error = Math.abs(value - (goodness[targets[i] as number] as number))
          off[source] = (off[source] as number) + error
          given[source] = (given[source] as number) + 1
        }
        for (let user = 0; user < users; user++) {
          const n = given[user] as number
          fairness[user] = n > 0 ? 1 - (off[user] as number) / (2 * n) : 1
        }
      }
      const rated = new Set(targets.subarray(0, last + 1))
      typical = 0
      for (const user of rated) typical += (goodness[user] as number) / rated.size
      for (let user = 0; user < users; user++) if (!rated.has(user)) goodness[user] = 0
    },
  }
}

function beta11(): Baseline {
  const count = counts()
  return {
    probability: true,
    rank({ ratee, at }) {
      const { good, bad } = count.of(ratee, at)
      return (bad + 1) / (good + bad + 2)
    },
    learn: (rating) => count.add(rating),
  }
}

function rawFailureShare(): Baseline {
  const count = counts()
  const base = running()
  return {
    probability: true,
    rank({ ratee, at }) {
      const { good, bad } = count.of(ratee, at)
      const share = good + bad === 0 ? base.rate() : bad / (good + bad)
      return Math.min(0.99, Math.max(0.01, share))
    },
    learn(rating) {
      count.add(rating)
      base.add(rating)
    },
  }
}

/** Beta whose prior is fitted to everybody's record so far by moments; half-life 90 days. */
function empiricalBayesBeta(): Baseline {
  const count = counts(90 * 86_400)
  const base = running()
  let strength = 2
  return {
    probability: true,
    rank({ ratee, at }) {
      const { good, bad } = count.of(ratee, at)
      return (bad + strength * base.rate()) / (good + bad + strength)
    },
    learn(rating, index) {
      count.add(rating)
      base.add(rating)
      if (index % 1_000 !== 0) return
      const shares = [...count.all()]
        .filter(({ good, bad }) => good + bad >= 2)
        .map(({ good, bad }) => bad / (good + bad))
      if (shares.length < 30) return
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
      const spread = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
      const fitted = spread > 0 ? (mean * (1 - mean)) / spread - 1 : 10
      strength = Math.min(10, Math.max(0.5, fitted))
    },
  }
}
