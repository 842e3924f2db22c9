import { grown } from './column.ts'
import { logit, sigmoid } from './forecast.ts'

/**
 * Keeps a probability honest: served = sigmoid(shift + slope * logit(raw)), fitted on past forecasts
 * and what became of them, never on the trade that is being forecast. The ridge pulls it to the
 * identity, the slope stays positive, so that the order of agents never changes.
 */
export type Recalibration = {
  raw: Float64Array
  outcome: Float64Array
  count: number
  shift: number
  slope: number
}

/** How it is fitted: counts of forecasts, and the strength of the pull to the identity. */
export type RecalibrationParameters = {
  refitEvery: number
  warmUp: number
  ridge: number
  halfLife: number
  window: number
}

/** The identity. */
export function createRecalibration(): Recalibration {
  return {
    raw: new Float64Array(64),
    outcome: new Float64Array(64),
    count: 0,
    shift: 0,
    slope: 1,
  }
}

/** The honest probability for a raw one. */
export function recalibrated({ shift, slope }: Recalibration, raw: number): number {
  return shift === 0 && slope === 1 ? raw : sigmoid(shift + slope * logit(raw))
}

/** Learns what became of a forecast (0 fulfilled .. 1 failed). */
export function learn(
  recalibration: Recalibration,
  { raw, outcome }: { raw: number; outcome: number },
  parameters: RecalibrationParameters,
): void {
  const { window, refitEvery, warmUp } = parameters
  recalibration.raw = grown(recalibration.raw, Math.min(recalibration.count + 1, window))
  recalibration.outcome = grown(recalibration.outcome, recalibration.raw.length)
  const at = recalibration.count % window
  recalibration.raw[at] = logit(raw)
  recalibration.outcome[at] = outcome
  recalibration.count += 1
  if (recalibration.count >= warmUp && recalibration.count % refitEvery === 0) {
    refit(recalibration, parameters)
  }
}

/** Newton steps on the ridge-penalised, exponentially weighted log-likelihood. */
function refit(
  recalibration: Recalibration,
  { ridge, halfLife, window }: RecalibrationParameters,
): void {
  const { raw, outcome, count } = recalibration
  const kept = Math.min(count, window)
  const fade = 2 ** (-1 / halfLife)
  for (let step = 0; step < 8; step++) {
    const { shift, slope } = recalibration
    let gradientShift = -ridge * shift
    let gradientSlope = -ridge * (slope - 1)
    let curveShift = ridge
    let curveBoth = 0
    let curveSlope = ridge
    let weight = 1
    for (let age = 0; age < kept; age++, weight *= fade) {
      const at = (count - 1 - age) % window
      const x = raw[at] as number
      const p = sigmoid(shift + slope * x)
      const error = weight * ((outcome[at] as number) - p)
      const curve = weight * p * (1 - p)
      gradientShift += error
      gradientSlope += error * x
      curveShift += curve
      curveBoth += curve * x
      curveSlope += curve * x * x
    }
    const determinant = curveShift * curveSlope - curveBoth * curveBoth
    const moveShift = (curveSlope * gradientShift - curveBoth * gradientSlope) / determinant
    const moveSlope = (curveShift * gradientSlope - curveBoth * gradientShift) / determinant
    recalibration.shift = shift + moveShift
    recalibration.slope = Math.max(0.1, slope + moveSlope)
    if (Math.abs(moveShift) + Math.abs(moveSlope) < 1e-9) return
  }
}
