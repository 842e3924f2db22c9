import { effectiveBondTier } from './assess.ts'
import { breakdownOf, compositeScore, idleDecay } from './breakdown.ts'
import { type CertificationLevel, certificationOf } from './certification.ts'
import { wholeOf } from './imported.ts'
import type { TrustParameters } from './parameters.ts'
import { type Rung, sanctionOf } from './sanction.ts'
import type { TrustState } from './state.ts'

/** What listeners are told when it changes: the integers and words of an answer. */
export type Published = {
  compositeScore: number | null
  certificationLevel: CertificationLevel
  bondTier: number
  sanction: Rung
}

/** What stands published of an agent at `now`, as its answer says it. */
export function publishedOf(
  state: TrustState,
  { agent, now }: { agent: number; now: number },
  parameters: TrustParameters,
): Published {
  const { own: evidence, imported, isRated } = wholeOf(state, { agent, now }, parameters)
  const settledAt = state.lastSettled[agent] ?? 0
  const idle = settledAt === 0 ? 0 : idleDecay(Math.floor(settledAt), now)
  const breakdown = isRated ? breakdownOf(state, { agent, now, imported }, parameters) : null
  const composite = breakdown ? compositeScore(breakdown, idle) : null
  const bondTier = effectiveBondTier(state, agent, now)
  return {
    compositeScore: composite,
    certificationLevel: certificationOf({ score: composite, evidence, bondTier }),
    bondTier,
    sanction: sanctionOf(state, agent, now).rung,
  }
}
