import { flagsOn } from './anomaly.ts'
import { isWithin, WINDOW_90D } from './day.ts'
import { missedDeadlines } from './settle.ts'
import type { Flag, TrustState } from './state.ts'

/** Where an agent stands on the ladder, mildest first. */
export type Rung = 'none' | 'notice' | 'limited' | 'suspended'

/**
 * The sanctions ladder, versioned like the formula (UNS-10). Nobody is banned by hand: every rung
 * follows from the event log, is published with its reasons, and falls away with them: by an appeal
 * that is upheld, by the passing of the window, by trusted deliveries.
 */
export const SANCTION_TABLE = {
  version: 'earnest-sanctions/1',
  /** Missed deadlines within 90 days from which on each rung holds. */
  missedDeadlines: { notice: 1, limited: 3, suspended: 6 },
  /** Flags that bind the agent and name nobody else in common. */
  flags: { limited: 1, suspended: 2 },
  /** Upheld incidents of harm or security, of at least this severity, within 90 days. */
  graveSeverity: 0.5,
  graveIncidents: { notice: 1, limited: 1, suspended: 2 },
} as const

/** What holds against an agent now, and why. */
export type Sanction = {
  rung: Rung
  /** One line for each reason of the highest rung. */
  reasons: string[]
  /** Unix seconds of the latest event behind it. */
  since: number
}

/** The rung on which an agent stands at `now`. */
export function sanctionOf(state: TrustState, agent: number, now: number): Sanction {
  if (agent < 0) return { rung: 'none', reasons: [], since: 0 }
  const binding = flagsOn(state, agent).filter((flag) => binds(state, flag, agent))
  const flags = independent(binding, state.agents[agent] as string)
  const missed = missedDeadlines(state, agent, now)
  const grave = graveIncidents(state, agent, now)
  const penalties = state.penalties.get(agent) ?? []
  const since = Math.max(
    0,
    ...flags.map(({ at }) => at),
    ...grave,
    ...penalties.map(({ at }) => at),
  )
  const at = (rung: 'limited' | 'suspended' | 'notice'): string[] => {
    const { missedDeadlines: deadlines, flags: many, graveIncidents: incidents } = SANCTION_TABLE
    return [
      ...(missed >= deadlines[rung] ? [`${missed} deadlines missed within 90 days`] : []),
      ...(rung !== 'notice' && flags.length >= many[rung]
        ? flags.map(({ kind }) => `flag stands: ${kind}`)
        : []),
      ...(grave.length >= incidents[rung] ? [`${grave.length} grave incidents in 90 days`] : []),
    ]
  }
  for (const rung of ['suspended', 'limited', 'notice'] as const) {
    const reasons = at(rung)
    if (reasons.length > 0) return { rung, reasons, since: Math.floor(since) }
  }
  return { rung: 'none', reasons: [], since: 0 }
}

/**
 * Anybody can state a stranger's organisation and trade with it. The trades do not count for either,
 * but who stated it first is sanctioned only for what money or closure shows.
 */
function binds(state: TrustState, { signals, agents }: Flag, agent: number): boolean {
  const names = new Set(signals.map(({ name }) => name))
  if (names.has('funding') || names.has('closed')) return true
  const own = state.stated.get(agent)
  if (own === undefined) return false
  return agents.some((other) => {
    const claim = state.stated.get(state.indexOf.get(other) ?? -1)
    return claim !== undefined && claim < own
  })
}

/** A pair and the group around it are one matter. */
function independent(flags: readonly Flag[], agent: string): Flag[] {
  const named = new Set<string>()
  return flags.filter(({ agents }) => {
    const others = agents.filter((other) => other !== agent)
    if (others.some((other) => named.has(other))) return false
    for (const other of others) named.add(other)
    return true
  })
}

function graveIncidents({ history, incidents }: TrustState, agent: number, now: number): number[] {
  const found: number[] = []
  for (const row of incidents.values()) {
    if (history.seller[row] !== agent || history.excluded[row] === 1) continue
    const { safety = 1, security = 1 } = history.marks[row] ?? {}
    const severity = 1 - Math.min(safety, security)
    const at = history.at[row] as number
    if (severity >= SANCTION_TABLE.graveSeverity && isWithin(WINDOW_90D, at, now)) found.push(at)
  }
  return found
}
