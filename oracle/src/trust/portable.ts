import { breakdownOf, compositeScore, idleDecay } from './breakdown.ts'
import { eventRoot } from './eventlog.ts'
import { posteriorOf, shownOf, weightOf } from './forecast.ts'
import { habitAt } from './habit.ts'
import { baseOf } from './market.ts'
import type { TrustParameters } from './parameters.ts'
import { capabilityOfKey } from './partkey.ts'
import { type Evidence, evidenceAt } from './record.ts'
import { tradesOfRole } from './roleTrades.ts'
import { forEachPart, type TrustState } from './state.ts'

/** Whose record is taken elsewhere: one capability of it, or the whole ("*"). */
export type PortableQuery = {
  agent: string
  role: 'seller' | 'buyer'
  domain: string
  now: number
}

/** A record as a credential states it. */
export type PortableRecord = {
  transactions: number
  score: number | null
  fulfilled: number
  failed: number
  /** Mean amount of a trade, base units. */
  meanUsdc: bigint
  windowFrom: number
  windowUntil: number
  evidenceRoot: string
  evidenceSize: number
}

/**
 * The record of an agent in one role and domain from this oracle's own events alone: what came from
 * elsewhere or is carried over from other capabilities is not passed on. Null without a trade.
 */
export function portableOf(
  state: TrustState,
  { agent: did, role, domain, now }: PortableQuery,
  parameters: TrustParameters,
): PortableRecord | null {
  const agent = state.indexOf.get(did) ?? -1
  const capability = domain === '*' ? undefined : domain
  const rows = tradesOfRole(state, agent, { role, capability, now })
  if (rows.length === 0) return null
  const { history, log } = state
  const own = { state, agent, now, parameters }
  const evidence = role === 'buyer' ? purchasesOf(own) : evidenceIn(own, capability)
  const volume = rows.reduce((sum, row) => sum + (history.amount[row] as number), 0)
  return {
    transactions: rows.length,
    score: scoreOf(own, { role, capability, evidence }),
    fulfilled: evidence.fulfilled + evidence.untrusted,
    failed: evidence.penalty,
    meanUsdc: BigInt(Math.round(volume / rows.length)),
    // What became known first need not have been first.
    windowFrom: Math.floor(
      rows.reduce((first, row) => Math.min(first, history.at[row] as number), now),
    ),
    windowUntil: now,
    evidenceRoot: eventRoot(log),
    evidenceSize: log.size,
  }
}

type Own = { state: TrustState; agent: number; now: number; parameters: TrustParameters }

/** What was seen of a buyer: purchases without and with a dispute, over all capabilities. */
function purchasesOf({ state, agent, now, parameters }: Own): Evidence {
  const { undisputed, disputed } = habitAt(state.habits, agent, now, parameters)
  return { fulfilled: undisputed, untrusted: 0, penalty: disputed }
}

function evidenceIn({ state, agent, now, parameters }: Own, capability?: string): Evidence {
  if (capability === undefined) return evidenceAt(state.whole, agent, now, parameters)
  const asked = state.capabilityOf.get(capability)
  const sum: Evidence = { fulfilled: 0, untrusted: 0, penalty: 0 }
  forEachPart(state, agent, (part, key) => {
    if (capabilityOfKey(key)?.capability !== asked) return
    const { fulfilled, untrusted, penalty } = evidenceAt(state.parts.records, part, now, parameters)
    sum.fulfilled += fulfilled
    sum.untrusted = Math.min(parameters.untrustedCap, sum.untrusted + untrusted)
    sum.penalty += penalty
  })
  return sum
}

/** The composite of the whole record; of one capability, or of a buyer, the posterior on the same scale. */
function scoreOf(
  { state, agent, now, parameters }: Own,
  asked: { role: string; capability: string | undefined; evidence: Evidence },
): number | null {
  const { role, capability, evidence } = asked
  if (weightOf(evidence, parameters) < parameters.ratedEvidence) return null
  if (role === 'seller' && capability === undefined) {
    const breakdown = breakdownOf(state, { agent, now, imported: [] }, parameters)
    const lastSettledAt = state.lastSettled[agent] as number
    return compositeScore(breakdown, lastSettledAt > 0 ? idleDecay(lastSettledAt, now) : 0)
  }
  const index = capability === undefined ? undefined : state.capabilityOf.get(capability)
  const base = baseOf(state.market, index === undefined ? {} : { capability: index }, parameters)
  return Math.round(1000 * shownOf(posteriorOf(evidence, base, parameters), parameters))
}
