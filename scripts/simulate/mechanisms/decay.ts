import { fade } from '../../../oracle/src/trust/fade.ts'
import { failureOf, posteriorOf } from '../../../oracle/src/trust/forecast.ts'
import { TRUST_PARAMETERS } from '../../../oracle/src/trust/parameters.ts'
import { type Outcome, scoreboardOf } from '../../../oracle/src/trust/scoreboard.ts'
import { mulberry } from '../../bench/forecast-bootstrap.ts'

const DAY = 86_400

/** What is left of a trade's weight after so many seconds, 0..1. */
export type Decay = (elapsed: number) => number

const { successHalfLife: halfLife } = TRUST_PARAMETERS

/** The four that are compared; the protocol's own is the half-life. */
export const decays: Record<string, Decay> = {
  'half-life': (elapsed) => fade(elapsed, halfLife),
  window: (elapsed) => (elapsed <= 2 * halfLife ? 1 : 0),
  hyperbolic: (elapsed) => 1 / (1 + elapsed / halfLife),
  none: () => 1,
}

/** How well a decay forecasts, and what an exit scam takes under it. */
export type Fading = {
  name: string
  auc: number
  logLoss: number
  /** Failures that a seller which has turned brings about before its forecast passes one in four. */
  harmed: number
}

/**
 * Sellers of steady, falling and rising quality over three years, each forecast by the oracle's own
 * posterior from trades that fade by the decay; failures fade alike here, so that only decays differ.
 */
export function compareDecays(
  ways: Record<string, Decay> = decays,
  { sellers = 150, seed = 1 }: { sellers?: number; seed?: number } = {},
): Fading[] {
  return Object.entries(ways).map(([name, decay]) => {
    const random = mulberry(seed)
    const outcomes: Outcome[] = []
    let harmed = 0
    let turned = 0
    for (let seller = 0; seller < sellers; seller++) {
      const kind = seller % 3
      const skill = 0.02 + 0.2 * random()
      const trades: { at: number; failed: boolean }[] = []
      let isKnown = false
      let before = 0
      for (let at = 0; at < 3 * 365 * DAY; at += DAY * (4 + 12 * random())) {
        const isLate = at > 548 * DAY
        const rate = kind === 1 && isLate ? 0.6 : kind === 2 && !isLate ? 0.5 : skill
        const evidence = { fulfilled: 0, untrusted: 0, penalty: 0 }
        for (const trade of trades) {
          const left = decay(at - trade.at)
          if (trade.failed) evidence.penalty += left
          else evidence.fulfilled += left
        }
        const probability = failureOf(posteriorOf(evidence, 0.2, TRUST_PARAMETERS))
        const failed = random() < rate
        outcomes.push({ probability, failed })
        trades.push({ at, failed })
        if (kind !== 1 || !isLate) continue
        isKnown ||= probability > 0.25
        if (failed && !isKnown) before++
      }
      if (kind === 1) {
        turned++
        harmed += before
      }
    }
    const { auc, logLoss } = scoreboardOf(outcomes)
    return { name, auc, logLoss, harmed: harmed / turned }
  })
}
