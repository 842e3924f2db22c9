import { aucOf, type Outcome } from '../../oracle/src/trust/scoreboard.ts'

/** 95 % intervals of AUC and log-loss. */
export type Intervals = { auc: [number, number]; logLoss: [number, number] }

const ROUNDS = 100

/**
 * Bootstrap over rated users (all forecasts of one person stay together), seeded, so that a run can
 * be repeated.
 */
export function bootstrap(users: readonly string[], outcomes: readonly Outcome[]): Intervals {
  const byUser = new Map<string, Outcome[]>()
  for (const [index, user] of users.entries()) {
    const own = byUser.get(user) ?? []
    byUser.set(user, own)
    own.push(outcomes[index] as Outcome)
  }
  const groups = [...byUser.values()]
  const random = mulberry(1)
  const aucs: number[] = []
  const losses: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const sample: Outcome[] = []
    for (let draw = 0; draw < groups.length; draw++) {
      sample.push(...(groups[Math.floor(random() * groups.length)] as Outcome[]))
    }
    aucs.push(aucOf(sample.map(({ probability, failed }) => ({ rank: probability, failed }))))
    let loss = 0
    for (const { probability, failed } of sample) {
      loss -= Math.log(Math.max(1e-9, failed ? probability : 1 - probability))
    }
    losses.push(loss / sample.length)
  }
  return { auc: middle(aucs), logLoss: middle(losses) }
}

function middle(values: number[]): [number, number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((left, right) => left - right)
  const at = (share: number): number =>
    sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
  return [at(0.025), at(0.975)]
}

/** A small seeded generator (mulberry32), uniform on [0, 1). */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
