/** Labels: text, numbers or booleans, compared exactly. */
type Label = string | number | boolean

/** The measure of predictions against true values of the same length; undefined where a value does not fit it. */
export function measureOf(
  name: 'accuracy' | 'macroF1' | 'rmse' | 'mae' | 'mape' | 'r2',
  truth: readonly unknown[],
  predicted: readonly unknown[],
): number | undefined {
  if (truth.length === 0 || truth.length !== predicted.length) return undefined
  if (name === 'accuracy' || name === 'macroF1') {
    if (!truth.every(isLabel) || !predicted.every(isLabel)) return undefined
    return name === 'accuracy' ? accuracy(truth, predicted) : macroF1(truth, predicted)
  }
  if (!truth.every(isNumber) || !predicted.every(isNumber)) return undefined
  const errors = truth.map((value, index) => value - (predicted[index] ?? Number.NaN))
  switch (name) {
    case 'mae':
      return mean(errors.map(Math.abs))
    case 'rmse':
      return Math.sqrt(mean(errors.map((error) => error * error)))
    case 'mape':
      if (truth.includes(0)) return undefined
      return mean(errors.map((error, index) => Math.abs(error / (truth[index] ?? 1))))
    case 'r2': {
      const average = mean(truth)
      const spread = sum(truth.map((value) => (value - average) ** 2))
      return spread === 0 ? undefined : 1 - sum(errors.map((error) => error * error)) / spread
    }
  }
}

function accuracy(truth: readonly Label[], predicted: readonly Label[]): number {
  return truth.filter((label, index) => label === predicted[index]).length / truth.length
}

function macroF1(truth: readonly Label[], predicted: readonly Label[]): number {
  const counts = new Map<Label, { hits: number; named: number }>()
  const countOf = (label: Label) => {
    const count = counts.get(label) ?? { hits: 0, named: 0 }
    counts.set(label, count)
    return count
  }
  for (const [index, label] of truth.entries()) {
    const claimed = predicted[index] as Label
    countOf(label).named += 1
    countOf(claimed).named += 1
    if (label === claimed) countOf(label).hits += 1
  }
  return mean([...counts.values()].map(({ hits, named }) => (2 * hits) / named))
}

function isLabel(value: unknown): value is Label {
  return typeof value === 'string' || typeof value === 'boolean' || isNumber(value)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
