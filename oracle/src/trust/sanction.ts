import { flagsOn } from './anomaly.ts'
import { isWithin, WINDOW_90D } from './day.ts'
import { incidentsOf } from './incident.ts'
import { missedDeadlines } from './penalise.ts'
import { ANOMALY_PARAMETERS } from './signal.ts'
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
 * Nobody is sanctioned for what a stranger did to it. Anybody can send somebody a first dollar and buy
 * from it, state its organisation, or draw it into a ring by two purchases: such trades do not count,
 * but only an act of its own binds an agent. It sent the money, bought with money from the same purse,
 * got back what it paid, or stated the organisation after somebody else.
 */
function binds(state: TrustState, flag: Flag, agent: number): boolean {
  const names = new Set(flag.signals.map(({ name }) => name))
  const others = flag.agents.map((other) => state.indexOf.get(other) ?? -1)
  others.splice(others.indexOf(agent), 1)
  if (names.has('funding') && sharedMoney(state, flag, { agent, others })) return true
  if (names.has('closed') && gotBack(state, flag, agent)) return true
  const own = state.stated.get(agent)
  if (own === undefined) return false
  return others.some((other) => {
    const claim = state.stated.get(other)
    return claim !== undefined && claim < own
  })
}

/** It funded one of the others, or bought from them with money out of the same purse. */
function sharedMoney(
  { funder, wallet, history }: TrustState,
  { rows }: Flag,
  { agent, others }: { agent: number; others: readonly number[] },
): boolean {
  const [own, purse] = [wallet.get(agent), funder.get(agent)]
  if (own !== undefined && others.some((other) => funder.get(other) === own)) return true
  if (purse === undefined) return false
  const isShared = others.some(
    (other) => funder.get(other) === purse || wallet.get(other) === purse,
  )
  return isShared && rows.some((row) => history.buyer[row] === agent)
}

/** What it sold and what it bought there are about the same. */
function gotBack({ history }: TrustState, { rows }: Flag, agent: number): boolean {
  let net = 0
  let turnover = 0
  for (const row of rows) {
    const amount = history.amount[row] as number
    const sign = Number(history.seller[row] === agent) - Number(history.buyer[row] === agent)
    net += sign * amount
    turnover += Math.abs(sign) * amount
  }
  return turnover > 0 && Math.abs(net) <= ANOMALY_PARAMETERS.netShare * turnover
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

function graveIncidents(state: TrustState, agent: number, now: number): number[] {
  return incidentsOf(state, agent).flatMap(({ class: kind, severity, at }) => {
    const isGrave =
      (kind === 'harm' || kind === 'security') && severity >= SANCTION_TABLE.graveSeverity
    return isGrave && isWithin(WINDOW_90D, at, now) ? [at] : []
  })
}
