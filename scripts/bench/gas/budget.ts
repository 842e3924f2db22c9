/** contracts/gas.json: what was measured when it was committed, and what must never be reached. */
export interface GasBudget {
  /** Sums of verbs and the gas that they stay below. */
  bars: { verbs: string[]; below: number }[]
  gas: Record<string, number>
}

/** A signature or an address with a zero byte more or less moves a figure; this is far above that. */
const TOLERANCE = 1.01

/** One line for every figure that is missing, over 1 % worse than committed, or at its bar. */
export function violations(budget: GasBudget, gas: Record<string, number>): string[] {
  const worse = Object.entries(budget.gas).flatMap(([verb, committed]) => {
    const measured = gas[verb]
    if (measured === undefined) return [`${verb}: not measured`]
    return measured > committed * TOLERANCE ? [`${verb}: ${measured}, committed ${committed}`] : []
  })
  const unknown = Object.keys(gas).filter((verb) => budget.gas[verb] === undefined)
  const missed = budget.bars.flatMap(({ verbs, below }) => {
    const sum = verbs.reduce((total, verb) => total + (gas[verb] ?? Number.POSITIVE_INFINITY), 0)
    return sum < below ? [] : [`${verbs.join(' + ')}: ${sum}, must be below ${below}`]
  })
  return [...worse, ...unknown.map((verb) => `${verb}: not committed`), ...missed]
}
