import type { TrustBody } from '@earnest/sdk/protocol'
import { flagsOn } from './anomaly.ts'
import { bondTierOf } from './bondtier.ts'
import { breakdownOf, compositeScore, idleDecay } from './breakdown.ts'
import { buyerRecordOf, DISPUTE_SENTENCE } from './buyer.ts'
import { certificationOf } from './certification.ts'
import { clusterOf } from './cluster.ts'
import { DAY, isWithin, WINDOW_90D } from './day.ts'
import { eventRoot } from './eventlog.ts'
import { fade } from './fade.ts'
import { costToFake100 } from './faking.ts'
import { forecastSeller } from './forecastof.ts'
import { standingOfHarmed } from './forgive.ts'
import { wholeOf } from './imported.ts'
import { incidentsOf } from './incident.ts'
import type { TrustParameters } from './parameters.ts'
import { missedDeadlines } from './penalise.ts'
import { PENALTY_TABLE, penalised, penaltyPoints } from './penalty.ts'
import { tradesOfRole } from './roleTrades.ts'
import { sanctionOf } from './sanction.ts'
import type { TrustState } from './state.ts'

/** Who is asked about, in which role, for which capability, and when. */
export type AssessQuery = {
  agent: string
  role: 'seller' | 'buyer'
  capability?: string | undefined
  now: number
  /** Known to the store: a frozen agent, verifiable attestations (else: its settled trades). */
  frozen?: boolean
  attestations?: number
}

/** The trust answer without what only the oracle's glue knows. */
export type TrustRecord = Omit<TrustBody, 'scorer' | 'oracle' | 'asOf' | 'validUntil' | 'nonce'> & {
  scorerVersion: string
}

/** Everything that the trust answer says about an agent at `now`, recomputable from the events. */
export function assessAgent(
  state: TrustState,
  query: AssessQuery,
  parameters: TrustParameters,
): TrustRecord {
  const { agent: agentId, role, capability, now } = query
  const agent = state.indexOf.get(agentId) ?? -1
  const rows = tradesOfRole(state, agent, query)
  const forecast = forecastSeller(
    state,
    { seller: agentId, at: now, ...(capability === undefined ? {} : { capability }) },
    parameters,
  )
  const whole = forecastSeller(state, { seller: agentId, at: now }, parameters)
  const { own: evidence, imported } = wholeOf(state, { agent, now }, parameters)
  const scoreBreakdown = breakdownOf(state, { agent, now, imported }, parameters)
  const lastSettledAt = timeOf(state.lastSettled, agent)
  const idle = lastSettledAt === null ? 0 : idleDecay(lastSettledAt, now)
  const composite = whole.rated ? compositeScore(scoreBreakdown, idle) : null
  const bond = state.bonds.get(agent)?.staked ?? 0n
  const bondTier = effectiveBondTier(state, agent, now)
  const recent = rows.filter((row) => isWithin(WINDOW_90D, state.history.at[row] as number, now))
  const { counterparties, effectiveCounterparties } = counterpartiesOf(state, rows, {
    role,
    now,
    halfLife: parameters.successHalfLife,
  })
  const buyer = buyerRecordOf(state, agent, now)
  return {
    agentId,
    role,
    capability: capability ?? null,
    status: query.frozen ? 'frozen' : composite === null ? 'unrated' : 'rated',
    compositeScore: composite,
    idleDecay: idle,
    scoreBreakdown,
    certificationLevel: certificationOf({ score: composite, evidence, bondTier }),
    bondTier,
    bondAmountUsdc: bond,
    pacts: pactsOf(state, rows),
    fulfillmentRate90d: rateOf(state, recent),
    tasksCompleted90d: recent.filter((row) => isFulfilled(state, row)).length,
    lastActiveAt: timeOf(state.lastActive, agent),
    lastSettledAt,
    health: {
      availability: penalised(100, penaltyPoints(penaltiesOn(state, agent), 'availability')),
    },
    penalties: openPenalties(state, agent),
    memoryAttestations: query.attestations ?? rows.length,
    incidentCount90d: incidentsWithin(state, agent, now),
    scoreUpdatedAt: Math.max(timeOf(state.lastChange, agent) ?? 0, now - (now % DAY)),
    failureProbability: forecast.failureProbability,
    lower: forecast.lower,
    upper: forecast.upper,
    evidence: forecast.evidence,
    counterparties,
    effectiveCounterparties,
    ...(forecast.imported.length > 0 && { imported: [...forecast.imported] }),
    flags: flagsFor(state, agent, now, buyer.flaggedSince),
    buyer: {
      completed: buyer.completed,
      disputesFiled: buyer.disputesFiled,
      sellerReleaseRate: buyer.sellerReleaseRate,
    },
    scorerVersion: parameters.version,
    eventRoot: eventRoot(state.log),
    costToFake100: costToFake100(
      whole,
      {
        // What the trades of another oracle cost is not known here.
        known: imported.length > 0 || (agent >= 0 && flagsOn(state, agent).length > 0),
        harmed: agent >= 0 ? standingOfHarmed(state, agent) : 0,
      },
      parameters,
    ),
  }
}

/** Tier of the staked bond; three missed deadlines in 90 days take one off while they last (REP-03). */
export function effectiveBondTier(state: TrustState, agent: number, now: number): number {
  const tier = bondTierOf(state.bonds.get(agent)?.staked ?? 0n)
  return missedDeadlines(state, agent, now) >= 3 ? Math.max(0, tier - 1) : tier
}

function timeOf(times: Float64Array, agent: number): number | null {
  return Math.floor(times[agent] ?? 0) || null
}

function isFulfilled({ history }: TrustState, row: number): boolean {
  return (history.severity[row] as number) < 0.1
}

function rateOf(state: TrustState, rows: readonly number[]): number | null {
  if (rows.length === 0) return null
  return rows.filter((row) => isFulfilled(state, row)).length / rows.length
}

/** One line for each capability: latest pact, rate and count (ORC-08). */
function pactsOf(state: TrustState, rows: readonly number[]): TrustBody['pacts'] {
  const { history, capabilities } = state
  const groups = Map.groupBy(rows, (row) => history.capability[row] as number)
  return [...groups].flatMap(([capability, trades]) => {
    const last = trades.at(-1) as number
    const pactId = history.pacts[last]
    if (!pactId) return []
    return {
      pactId,
      capability: capabilities[capability] as string,
      verifiedAt: Math.floor(history.at[last] as number),
      fulfillmentRate: rateOf(state, trades) ?? 0,
      taskCount: trades.length,
    }
  })
}

/**
 * Counterparties by head, and by how evenly the evidence is spread over independent ones: the number
 * of equal clusters that would be worth as much (inverse Simpson).
 */
function counterpartiesOf(
  { history, clusters }: TrustState,
  rows: readonly number[],
  { role, now, halfLife }: { role: 'seller' | 'buyer'; now: number; halfLife: number },
): { counterparties: number; effectiveCounterparties: number } {
  const heads = new Set<number>()
  const shares = new Map<number, number>()
  for (const row of rows) {
    const other = (role === 'seller' ? history.buyer[row] : history.seller[row]) as number
    heads.add(other)
    const kept = fade(now - (history.at[row] as number), halfLife)
    const cluster = clusterOf(clusters, other)
    shares.set(cluster, (shares.get(cluster) ?? 0) + kept * (history.weight[row] as number))
  }
  let sum = 0
  let squares = 0
  for (const share of shares.values()) {
    sum += share
    squares += share * share
  }
  const effective = squares === 0 ? 0 : (sum * sum) / squares
  return { counterparties: heads.size, effectiveCounterparties: effective }
}

function incidentsWithin(state: TrustState, agent: number, now: number): number {
  return incidentsOf(state, agent).filter(({ at }) => isWithin(WINDOW_90D, at, now)).length
}

function penaltiesOn(state: TrustState, agent: number) {
  return state.penalties.get(agent) ?? []
}

function openPenalties(state: TrustState, agent: number): TrustBody['penalties'] {
  return penaltiesOn(state, agent)
    .filter(({ open }) => open >= 0.01)
    .map(({ kind, at, multiplier, open }) => ({
      code: snake(kind),
      at: Math.floor(at),
      points: Object.fromEntries(
        Object.entries(PENALTY_TABLE.points[kind]).map(([name, points]) => [
          name,
          points * multiplier * open,
        ]),
      ),
    }))
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function flagsFor(
  state: TrustState,
  agent: number,
  now: number,
  disputesSince: number | null,
): TrustBody['flags'] {
  const flags: TrustBody['flags'] = []
  if (agent < 0) return flags
  for (const { kind, signals, at } of flagsOn(state, agent)) {
    const reason = `${kind}: ${signals.map(({ detail }) => detail).join('; ')}`
    flags.push({
      code: kind.replace(/[^a-z]+/g, '_'),
      reason: reason.slice(0, 500),
      since: Math.floor(at),
    })
  }
  const { rung, reasons, since } = sanctionOf(state, agent, now)
  if (rung === 'limited' || rung === 'suspended') {
    flags.push({ code: `sanction_${rung}`, reason: reasons.join('; ').slice(0, 500), since })
  }
  if (disputesSince !== null) {
    flags.push({
      code: 'disputes_resolved_for_seller',
      reason: DISPUTE_SENTENCE,
      since: Math.floor(disputesSince),
    })
  }
  if (missedDeadlines(state, agent, now) >= 3) {
    const last = penaltiesOn(state, agent).findLast(({ kind }) => kind === 'deadlineMissed')
    flags.push({
      code: 'deadline_repeater',
      reason: 'Three or more deadlines missed within 90 days',
      since: Math.floor(last?.at ?? now),
    })
  }
  return flags
}
