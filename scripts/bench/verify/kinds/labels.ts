import { json } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'
import { inJson, type Work } from './work.ts'

const LABELS = ['spam', 'ham', 'unsure']
const COUNT = 200

interface Labels {
  predictions: string[]
}

/** True for the share of labels that is not there any more, in places drawn at random. */
const places = (chance: Chance, count: number) => {
  const all = Array.from({ length: COUNT }, (_, index) => index)
  for (let at = 0; at < count; at++) {
    const other = chance.whole(at, COUNT - 1)
    ;[all[at], all[other]] = [all[other] ?? 0, all[at] ?? 0]
  }
  return new Set(all.slice(0, count))
}
const other = (label: string, chance: Chance) =>
  chance.pick(LABELS.filter((each) => each !== label))

/** Spoils as many true labels as it takes: an honest seller has at most 16 of 200 wrong. */
const wrong = (
  list: readonly string[],
  truth: readonly string[],
  count: number,
  chance: Chance,
) => {
  const chosen = places(chance, count)
  return list.map((label, index) => (chosen.has(index) ? other(truth[index] ?? '', chance) : label))
}

const truthOf = (parameters: Record<string, string>) =>
  JSON.parse(parameters.truth ?? '[]') as string[]
const inLabels = (change: (value: Labels, chance: Chance) => void) =>
  inJson<Labels>('labels.json', change)

/** Labels against held-out truth. */
export const labels: Work = {
  template: 'text-classification',
  main: 'labels.json',
  order(chance) {
    const truth = Array.from({ length: COUNT }, () => chance.pick(LABELS))
    const predictions = wrong(truth, truth, chance.whole(0, 16), chance)
    return {
      parameters: {
        texts: JSON.stringify(truth.map((_, index) => `Message ${index}`)),
        labels: JSON.stringify(LABELS),
        truth: JSON.stringify(truth),
      },
      files: { 'labels.json': json({ predictions, model: 'own' }) },
    }
  },
  defects: {
    tooManyWrong: ({ parameters }, chance) => {
      const truth = truthOf(parameters)
      const predictions = wrong(truth, truth, chance.whole(17, 60), chance)
      return { 'labels.json': json({ predictions }) }
    },
    guessed: ({ parameters }, chance) => ({
      'labels.json': json({ predictions: truthOf(parameters).map(() => chance.pick(LABELS)) }),
    }),
    shiftedByOne: inLabels((value) => {
      const [first = '', ...rest] = value.predictions
      value.predictions = [...rest, first]
    }),
    backwards: inLabels((value) => void value.predictions.reverse()),
    sorted: inLabels((value) => void value.predictions.sort()),
    oneLabel: inLabels((value) => {
      value.predictions = value.predictions.map(() => 'ham')
    }),
    labelsSwapped: inLabels((value) => {
      const names: Record<string, string> = { spam: 'ham', ham: 'spam', unsure: 'unsure' }
      value.predictions = value.predictions.map((label) => names[label] ?? label)
    }),
    unsureForgotten: inLabels((value) => {
      value.predictions = value.predictions.map((label) => (label === 'unsure' ? 'ham' : label))
    }),
    capitals: inLabels((value) => {
      value.predictions = value.predictions.map((label) => label.toUpperCase())
    }),
    otherLabels: inLabels((value) => {
      value.predictions = value.predictions.map((label) => (label === 'ham' ? 'not_spam' : label))
    }),
    fewer: inLabels((value, chance) => void value.predictions.splice(chance.whole(100, COUNT - 1))),
    more: inLabels((value) => void value.predictions.push('ham')),
    batchSkipped: inLabels((value) => void value.predictions.splice(40, 20)),
    objects: inLabels((value) =>
      Object.assign(value, { predictions: value.predictions.map((label) => ({ label })) }),
    ),
    numbers: inLabels((value) =>
      Object.assign(value, {
        predictions: value.predictions.map((label) => LABELS.indexOf(label)),
      }),
    ),
    byText: inLabels((value) =>
      Object.assign(value, { predictions: Object.fromEntries(value.predictions.entries()) }),
    ),
    claimed: inLabels((value) =>
      Object.assign(value, { predictions: 'see attached', accuracy: 1 }),
    ),
    empty: inLabels((value) => {
      value.predictions = []
    }),
  },
  mutate: ({ files, parameters }, chance) => {
    const truth = truthOf(parameters)
    const predictions = wrong(truth, truth, chance.whole(17, 24), chance)
    return { ...files, 'labels.json': json({ predictions }) }
  },
}
