import {
  compositeOf,
  type Dimension,
  type Imported,
  type ScoreBreakdown,
} from '@earnest/sdk/protocol'
import { DIMENSIONS } from './dimension.ts'
import { posteriorOf, shownOf, weightOf } from './forecast.ts'
import { evidenceOfImports, wholeOf } from './imported.ts'
import { baseOf } from './market.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import { dimensionKey } from './partkey.ts'
import { penalised, penaltyPoints } from './penalty.ts'
import { added, type Evidence, evidenceAt } from './record.ts'
import type { TrustState } from './state.ts'

const DAY = 86_400
const WEEK = 7 * DAY

/**
 * The twelve dimensions of an agent at `now`, 0..100. Each is the posterior and the map of the
 * forecast over the events that bear on it, less open penalties; reliability is the whole record,
 * and what was brought from elsewhere, the bond a ratio of free bond to what is open. Null below one trade of evidence. Rounded to a tenth, so that the composite
 * recomputed from the response is the one that was published.
 */
export function breakdownOf(
  state: TrustState,
  { agent, now, imported }: { agent: number; now: number; imported: readonly Imported[] },
  parameters: TrustParameters,
): ScoreBreakdown {
  const base = baseOf(state.market, {}, parameters)
  const penalties = state.penalties.get(agent) ?? []
  const shown = (dimension: Dimension): number | null => {
    if (dimension === 'bondScore') return null
    const own = evidenceOf(state, { agent, dimension, now }, parameters)
    const evidence =
      own && dimension === 'reliability' ? added(own, evidenceOfImports(imported)) : own
    if (!evidence || weightOf(evidence, parameters) < parameters.ratedEvidence) return null
    const value = 100 * shownOf(posteriorOf(evidence, base, parameters), parameters)
    return tenth(penalised(value, penaltyPoints(penalties, dimension)))
  }
  const record = Object.fromEntries(DIMENSIONS.map((name) => [name, shown(name)])) as ScoreBreakdown
  return { ...record, bondScore: bondScore(state, agent, compositeOf(record)) }
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}

function evidenceOf(
  state: TrustState,
  { agent, dimension, now }: { agent: number; dimension: Dimension; now: number },
  parameters: TrustParameters,
): Evidence | null {
  if (dimension === 'reliability') return evidenceAt(state.whole, agent, now, parameters)
  const part = findPair(state.parts.table, agent, dimensionKey(dimension))
  return part < 0 ? null : evidenceAt(state.parts.records, part, now, parameters)
}

/**
 * How far the free bond covers what is open: 100 from full cover on. A bond is a promise on top of a
 * record: where it covers less than the record says already it counts as unmeasured, so that nobody is
 * better off without one, or with all of it lying idle.
 */
function bondScore({ bonds }: TrustState, agent: number, composite: number | null): number | null {
  const bond = bonds.get(agent)
  if (!bond || bond.staked === 0n) return null
  const open = bond.open ?? 0n
  const cover = open === 0n ? 100 : tenth(Math.min(100, (100 * Number(bond.free)) / Number(open)))
  return composite !== null && 10 * cover < composite ? null : cover
}

/** Composite points that idleness costs: one a week after the first seven days (W-22, REP-11). */
export function idleDecay(lastSettledAt: number, now: number): number {
  return Math.max(0, Math.floor((now - lastSettledAt - WEEK) / WEEK))
}

/** The published integer: the weighted sum of what was measured, less idle weeks, never below 0. */
export function compositeScore(breakdown: ScoreBreakdown, idle: number): number | null {
  const composite = compositeOf(breakdown)
  return composite === null ? null : Math.max(0, composite - idle)
}

/**
 * The composite for ranking: as published, or, for an agent without enough evidence, what the
 * little there is would show. Never served; unrated agents are served `null`.
 */
export function rankedComposite(
  state: TrustState,
  { agent, now }: { agent: number; now: number },
  parameters: TrustParameters,
): number {
  const known = agent >= 0
  if (known) {
    const idle = idleDecay(state.lastSettled[agent] as number, now)
    const { imported } = wholeOf(state, { agent, now }, parameters)
    const published = compositeScore(breakdownOf(state, { agent, now, imported }, parameters), idle)
    if (published !== null) return published
  }
  const evidence = known
    ? evidenceAt(state.whole, agent, now, parameters)
    : { fulfilled: 0, untrusted: 0, penalty: 0 }
  const base = baseOf(state.market, {}, parameters)
  return 1_000 * shownOf(posteriorOf(evidence, base, parameters), parameters)
}
