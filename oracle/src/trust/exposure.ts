import { clusterOf } from './cluster.ts'
import { fade } from './fade.ts'
import { weightOf } from './forecast.ts'
import { chain } from './history.ts'
import type { TrustParameters } from './parameters.ts'
import { evidenceAt } from './record.ts'
import { sanctionOf } from './sanction.ts'
import type { TrustState } from './state.ts'

/** The numbers of the limits, versioned and published like the formula (W-29, UNS-08, UNS-14). */
export const EXPOSURE_PARAMETERS = {
  version: 'earnest-exposure/2',
  /** Part of the trusted volume that the limit grows by: well below what the trades were worth. */
  growth: 0.1,
  /** Most that a trade adds to the volume for each full voucher of trust that its buyer had, base units. */
  perStanding: 100_000_000,
  /** Independent buyers before an agent leaves the newcomer lane. */
  independentBuyers: 3,
} as const

/** How much a seller may have open. */
export type Exposure = {
  /** Base units. */
  limit: bigint
  newcomer: boolean
  /** By the sanctions ladder: the bond alone answers, or nothing new is begun. */
  limited: boolean
  suspended: boolean
  independentBuyers: number
  /** Decayed volume from independent, trusted buyers, base units. */
  trustedVolume: number
}

/**
 * Most that a seller may have open in all: its free bond, or a micro amount, plus a part of the
 * volume that it settled with independent buyers, less what went wrong and is not made good yet, so
 * that nobody takes the same limit twice. A sanctioned agent has its free bond only.
 */
export function exposureOf(
  state: TrustState,
  { agent, now }: { agent: number; now: number },
  parameters: TrustParameters,
): Exposure {
  const { growth, independentBuyers: wanted } = EXPOSURE_PARAMETERS
  const microCap = BigInt(parameters.newcomerCap)
  const free = state.bonds.get(agent)?.free ?? 0n
  const evidence = weightOf(evidenceAt(state.whole, agent, now, parameters), parameters)
  const { volume, buyers } = trustedVolume(state, agent, now, parameters)
  const floor = free > microCap ? free : microCap
  const newcomer = evidence < parameters.ratedEvidence || buyers < wanted
  const { rung } = sanctionOf(state, agent, now)
  const loss = agent < 0 ? 0 : (state.whole.loss[agent] as number)
  const limited = rung === 'limited' || rung === 'suspended'
  return {
    limit: limited ? free : floor + BigInt(Math.floor(Math.max(0, growth * volume - loss))),
    newcomer,
    limited,
    suspended: rung === 'suspended',
    independentBuyers: buyers,
    trustedVolume: volume,
  }
}

/**
 * Fulfilled volume by the word of its buyers. A voucher weighs the same at any price, a limit does not:
 * beyond what its buyer is trusted for, a large price is only money that went to and fro.
 */
function trustedVolume(
  { history, lastOfSeller, clusters }: TrustState,
  agent: number,
  now: number,
  { successHalfLife }: TrustParameters,
): { volume: number; buyers: number } {
  if (agent < 0) return { volume: 0, buyers: 0 }
  let volume = 0
  const buyers = new Set<number>()
  for (const row of chain(history.earlierOfSeller, lastOfSeller[agent] as number)) {
    const weight = history.weight[row] as number
    if (history.excluded[row] === 1 || weight <= 0) continue
    const kept = fade(now - (history.at[row] as number), successHalfLife)
    const backed = EXPOSURE_PARAMETERS.perStanding * (history.standing[row] as number)
    volume += weight * kept * Math.min(history.amount[row] as number, backed)
    if (weight >= 0.1) buyers.add(clusterOf(clusters, history.buyer[row] as number))
  }
  return { volume, buyers: buyers.size }
}
