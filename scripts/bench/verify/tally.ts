import type { Trial } from './play.ts'

/** How many deliveries of some families were taken for what they are not. */
export function tally(trials: readonly Trial[], families: readonly Trial['family'][]) {
  const of = trials.filter(({ family }) => families.includes(family))
  const wrong = of.filter((each) => each.wrong)
  const names: Record<string, number> = {}
  for (const { name } of wrong) names[name] = (names[name] ?? 0) + 1
  const rate = Number((wrong.length / Math.max(1, of.length)).toFixed(4))
  return { deliveries: of.length, wrong: wrong.length, rate, names }
}
