import { betaQuantile } from './beta.ts'
import type { TrustParameters } from './parameters.ts'
import type { Evidence } from './record.ts'

/** Posterior Beta(failures, successes) of the probability that the next trade fails. */
export type Posterior = { failures: number; successes: number }

/** Log odds of a probability. */
export function logit(probability: number): number {
  return Math.log(probability / (1 - probability))
}

/** Probability of log odds. */
export function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** The posterior that stands behind every number of the response (trust model, `f_v`). */
export function posteriorOf(
  evidence: Evidence,
  base: number,
  { priorTrades, penaltyWeight }: TrustParameters,
): Posterior {
  return {
    failures: penaltyWeight * evidence.penalty + priorTrades * base,
    successes: evidence.fulfilled + evidence.untrusted + priorTrades * (1 - base),
  }
}

/** P(the next trade fails), before recalibration. */
export function failureOf({ failures, successes }: Posterior): number {
  return failures / (failures + successes)
}

/** How much stands behind a posterior, in trades; below 1 an agent is unrated. */
export function weightOf(evidence: Evidence, { penaltyWeight }: TrustParameters): number {
  return evidence.fulfilled + evidence.untrusted + penaltyWeight * evidence.penalty
}

/** The pessimistic display of a posterior on 0..1 (times 1000 for a composite, 100 for a dimension). */
export function shownOf(
  { failures, successes }: Posterior,
  { shownQuantile, shownPower }: TrustParameters,
): number {
  return 1 - betaQuantile(shownQuantile, failures, successes) ** shownPower
}

/** The buyer's own habit `h_u`: how often trades end in a dispute when this agent buys. */
export function habitOf(
  { undisputed, disputed }: { undisputed: number; disputed: number },
  base: number,
  { habitPrior }: TrustParameters,
): number {
  return (disputed + habitPrior * base) / (undisputed + disputed + habitPrior)
}

/** What the two have been through together, in either direction, against the base rate. */
export function historyOf(
  { fulfilled, failed }: { fulfilled: number; failed: number },
  base: number,
  { pairPrior }: TrustParameters,
): number {
  return (failed + pairPrior * base) / (fulfilled + failed + pairPrior)
}

/** Risk of this buyer with this seller: the log odds of all that is known, over the base. */
export function pairRiskOf(factors: readonly number[], base: number): number {
  let logOdds = logit(base)
  for (const factor of factors) logOdds += logit(factor) - logit(base)
  return sigmoid(logOdds)
}
