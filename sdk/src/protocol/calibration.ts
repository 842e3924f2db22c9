import * as z from 'zod'
import { hash } from './hash.ts'

/** Weights, votes and correlations are integers in ten-thousandths, so that a recount is exact. */
export const UNIT = 10_000

/** Below this many probes no weight is learnt and every seat counts the same. */
export const MIN_PROBES = 20

/** How much doubt each weight starts with; docs/jury.md shows that 32 to 96 serve about equally. */
const DOUBT = 64

/** What errors of two seats have in common before anything is measured. */
const PRIOR_CORRELATION = 0.3

/** One known-answer case that was put to the seats in a docket (trust model, Jury). */
export const probeSchema = z.strictObject({
  /** SHA-256 of the probe's prompt; its text stays secret while it is in use. */
  id: hash,
  /** True where the seller deserves everything, false where it deserves nothing. */
  answer: z.boolean(),
  /** A seat's vote for the seller in basis points, over both orders; null where it gave none. */
  votes: z.array(z.int().min(0).max(UNIT).nullable()).max(20),
})
export type Probe = z.output<typeof probeSchema>

/** What the probes say of the seats. */
export type Calibration = {
  /** How many probes stand behind it; below `MIN_PROBES` the weights are equal. */
  probes: number
  /** Log-odds by which a full vote of the seat moves an either-or question; negative: it errs by rule. */
  weights: number[]
  /** How much the seats' errors have in common, 0 to `UNIT`. */
  correlation: number[][]
}

/**
 * Learns each seat's weight from known answers: the log-odds of a regression over all seats at once,
 * so that two seats that err together do not count twice, shrunk towards no weight.
 */
export function calibrate(probes: readonly Probe[], seats: number): Calibration {
  const leanings = probes.map((probe) =>
    Array.from({ length: seats }, (_, seat) => {
      const vote = probe.votes[seat] ?? UNIT / 2
      return ((2 * vote) / UNIT - 1) * (probe.answer ? 1 : -1)
    }),
  )
  const weights =
    probes.length < MIN_PROBES ? new Array<number>(seats).fill(1) : regress(leanings, seats)
  return {
    probes: probes.length,
    weights: weights.map((weight) => Math.round(weight * UNIT)),
    correlation: correlate(leanings, seats),
  }
}

/** Minimises sum(log(1 + exp(-w x))) + DOUBT/2 |w|^2 by Newton's method; every x leans to the truth. */
function regress(leanings: readonly number[][], seats: number): number[] {
  let weights = new Array<number>(seats).fill(0)
  for (let round = 0; round < 50; round++) {
    const gradient = weights.map((weight) => weight * DOUBT)
    const curvature = weights.map((_, row) =>
      weights.map((_, column): number => (row === column ? DOUBT : 0)),
    )
    for (const x of leanings) {
      const miss = 1 / (1 + Math.exp(dot(weights, x)))
      x.forEach((value, row) => {
        gradient[row] = at(gradient, row) - miss * value
        const line = curvature[row] ?? []
        x.forEach((other, column) => {
          line[column] = at(line, column) + miss * (1 - miss) * value * other
        })
      })
    }
    const step = solve(curvature, gradient)
    weights = weights.map((weight, seat) => weight - at(step, seat))
    if (step.every((change) => Math.abs(change) < 1e-12)) break
  }
  return weights
}

/** Gaussian elimination; the matrix is positive definite, so no pivoting is needed. */
function solve(matrix: readonly number[][], vector: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, at(vector, index)])
  rows.forEach((pivot, index) => {
    rows.forEach((row, other) => {
      if (other === index) return
      const factor = at(row, index) / at(pivot, index)
      row.forEach((value, column) => {
        row[column] = value - factor * at(pivot, column)
      })
    })
  })
  return rows.map((row, index) => at(row, rows.length) / at(row, index))
}

/** Correlation of errors, never below zero, shrunk towards the prior by `MIN_PROBES` probes' worth. */
function correlate(leanings: readonly number[][], seats: number): number[][] {
  const errors = leanings.map((x) => x.map((leaning) => (1 - leaning) / 2))
  const means = Array.from({ length: seats }, (_, seat) => mean(errors.map((e) => at(e, seat))))
  const covariance = (a: number, b: number) =>
    mean(errors.map((e) => (at(e, a) - at(means, a)) * (at(e, b) - at(means, b))))
  return Array.from({ length: seats }, (_, a) =>
    Array.from({ length: seats }, (_, b) => {
      if (a === b) return UNIT
      const spread = Math.sqrt(covariance(a, a) * covariance(b, b))
      const measured = spread > 0 ? Math.max(0, covariance(a, b) / spread) : 0
      const n = errors.length
      const shrunk = (n * measured + MIN_PROBES * PRIOR_CORRELATION) / (n + MIN_PROBES)
      return Math.round(shrunk * UNIT)
    }),
  )
}

const at = (list: readonly number[], index: number) => list[index] ?? 0
const mean = (list: readonly number[]) =>
  list.length === 0 ? 0 : list.reduce((sum, value) => sum + value, 0) / list.length
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, index) => sum + value * at(b, index), 0)
