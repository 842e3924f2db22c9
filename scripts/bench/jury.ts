/**
 * `npm run -s bench:jury -- --verdicts <jsonl>`: how often each way of counting five judges' recorded
 * verdicts finds the right one of two outputs. Weights are learnt from known answers outside the item's
 * fold alone. Each line of the file: { id, label: 1 | 2, verdicts: { judge: [normal, swapped] } } with
 * 0 for no verdict; an id that begins with `Adversarial/` is adversarial. Ties count half.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  type Calibration,
  calibrate,
  type Probe,
  tally,
  trimmedMean,
  UNIT,
} from '@earnest/sdk/protocol'

type Item = { id: string; label: 1 | 2; verdicts: Record<string, [number, number]> }
type Vote = number | null
type Rule = (votes: Vote[], calibration: Calibration, probes: Probe[]) => number | null

const FOLDS = 10
const REPEATS = 20
/** The rolling set of known answers that the jury keeps. */
const PROBES = 200
const CHOSEN = 'calibrated'

const { values } = parseArgs({ options: { verdicts: { type: 'string' } } })
if (!values.verdicts) throw new Error('usage: npm run -s bench:jury -- --verdicts <jsonl>')
const items = readFileSync(values.verdicts, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as Item)
const judges = [...new Set(items.flatMap((item) => Object.keys(item.verdicts)))]

/** A judge's vote for output 1 in ten-thousandths, over the orders in which it gave one. */
function voteOf([normal, swapped]: [number, number]): Vote {
  const given = [normal, swapped].filter((verdict) => verdict === 1 || verdict === 2)
  if (given.length === 0) return null
  return (given.filter((verdict) => verdict === 1).length * UNIT) / given.length
}
const docket = items.map(({ id, label, verdicts }) => ({
  adversarial: id.startsWith('Adversarial/'),
  votes: judges.map((judge) => voteOf(verdicts[judge] ?? [0, 0])),
  answer: label === 1,
}))
type Case = (typeof docket)[number]

const given = (votes: Vote[]) => votes.filter((vote) => vote !== null)
const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
const equal = (seats: number) => calibrate([], seats)

/** How often a seat was right on the probes, a split vote as half. */
const accuracy = (probes: Probe[], seat: number) =>
  mean(probes.map(({ answer, votes }) => credit(votes[seat] ?? null, answer)))

/** Each gives output 1's share in ten-thousandths; half is a tie. */
const rules: Record<string, Rule> = {
  mean: (votes) => mean(given(votes)),
  trimmedMean: (votes) => (given(votes).length < 3 ? null : trimmedMean(given(votes))),
  median: (votes) => tally(votes, equal(judges.length)).sellerBps,
  bestProbed: (votes, _, probes) => {
    const scores = judges.map((_, seat) => accuracy(probes, seat))
    return votes[scores.indexOf(Math.max(...scores))] ?? null
  },
  clippedLogOdds: (votes, _, probes) => {
    const weights = judges.map((_, seat) => {
      const right = accuracy(probes, seat) * probes.length + 2
      return Math.max(0, Math.log(right / (probes.length + 4 - right)))
    })
    return half(
      votes.reduce<number>(
        (sum, vote, seat) => sum + (weights[seat] ?? 0) * ((vote ?? 5000) - 5000),
        0,
      ),
    )
  },
  weightedMedian: (votes, calibration) => tally(votes, calibration).sellerBps,
  [CHOSEN]: (votes, calibration) => half(tally(votes, calibration).leaning),
}

function half(leaning: number): number {
  return UNIT / 2 + Math.sign(leaning) * (UNIT / 2)
}

function credit(share: Vote, answer: boolean): number {
  if (share === null || share === UNIT / 2) return 0.5
  return share > UNIT / 2 === answer ? 1 : 0
}

/** Mulberry32: the same folds in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const random = createRandom(1)

function shuffle<T>(list: readonly T[]): T[] {
  const shuffled = [...list]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = shuffled[last] as T
    shuffled[last] = shuffled[other] as T
    shuffled[other] = kept
  }
  return shuffled
}

const toProbe = ({ votes, answer }: Case): Probe => ({ id: '0'.repeat(64), votes, answer })

type Score = { adversarial: boolean; credit: number }
const scores: Record<string, (Score & { repeat: number })[]> = Object.fromEntries(
  Object.keys(rules).map((n) => [n, []]),
)
const effective: number[] = []
let probesPerFold = 0
for (let repeat = 0; repeat < REPEATS; repeat++) {
  const shuffled = shuffle(docket)
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = shuffled.filter((_, index) => index % FOLDS === fold)
    const outside = shuffled.filter((_, index) => index % FOLDS !== fold)
    const probes = shuffle(outside).slice(0, PROBES).map(toProbe)
    probesPerFold = probes.length
    const calibration = calibrate(probes, judges.length)
    for (const { votes, answer, adversarial } of inside) {
      for (const [name, rule] of Object.entries(rules))
        scores[name]?.push({
          adversarial,
          repeat,
          credit: credit(rule(votes, calibration, probes), answer),
        })
      effective.push(tally(votes, calibration).effectiveVotes / UNIT)
    }
  }
}

function accuracies(list: Score[]) {
  const of = (part: Score[]) =>
    part.length === 0 ? null : Number(mean(part.map((score) => score.credit)).toFixed(4))
  return {
    all: of(list),
    natural: of(list.filter((score) => !score.adversarial)),
    adversarial: of(list.filter((score) => score.adversarial)),
  }
}

/** Lowest, highest and standard deviation of the chosen rule over the shuffles. */
function spread() {
  const chosen = scores[CHOSEN] ?? []
  const runs = Array.from({ length: REPEATS }, (_, repeat) =>
    accuracies(chosen.filter((score) => score.repeat === repeat)),
  )
  const over = (kind: 'all' | 'natural' | 'adversarial') => {
    const values = runs.flatMap((run) => run[kind] ?? [])
    if (values.length === 0) return null
    const middle = mean(values)
    const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
    return {
      lowest: Math.min(...values),
      highest: Math.max(...values),
      deviation: Number(deviation.toFixed(4)),
    }
  }
  return { all: over('all'), natural: over('natural'), adversarial: over('adversarial') }
}

/** Of the verdicts that differ between the orders, how many name whatever stood first. */
function firstPosition(judge: string): number | null {
  const split = items
    .map(({ verdicts }) => verdicts[judge] ?? [])
    .filter(([normal = 0, swapped = 0]) => normal > 0 && swapped > 0 && normal !== swapped)
  if (split.length === 0) return null
  return Number(mean(split.map(([normal]) => (normal === 1 ? 1 : 0))).toFixed(4))
}

const whole = calibrate(docket.map(toProbe), judges.length)
console.log(
  JSON.stringify({
    rules: Object.fromEntries(
      Object.entries(scores).map(([name, list]) => [name, accuracies(list)]),
    ),
    chosen: CHOSEN,
    spreadOfChosen: spread(),
    judges: Object.fromEntries(
      judges.map((judge, seat) => [
        judge,
        {
          ...accuracies(
            docket.map(({ votes, answer, adversarial }) => ({
              adversarial,
              credit: credit(votes[seat] ?? null, answer),
            })),
          ),
          splitVerdictsForTheFirst: firstPosition(judge),
          weight: (whole.weights[seat] ?? 0) / UNIT,
        },
      ]),
    ),
    errorCorrelation: whole.correlation.map((row) => row.map((value) => value / UNIT)),
    effectiveVotes: {
      equalWeights:
        tally(
          judges.map(() => UNIT),
          { ...whole, weights: judges.map(() => UNIT) },
        ).effectiveVotes / UNIT,
      weightedMedian: Number(mean(effective).toFixed(2)),
    },
    protocol: { items: items.length, folds: FOLDS, repeats: REPEATS, probesPerFold },
    injectionShift: 'not measured',
  }),
)
