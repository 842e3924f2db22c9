import { setExcluded } from './exclude.ts'
import { findPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import { closeReviews, openReview } from './review.ts'
import { ANOMALY_PARAMETERS, signalsOf, suffices, tradesOf } from './signal.ts'
import type { Flag, TrustState } from './state.ts'

/**
 * Looks at the pair and at the group around a new trade and flags what two independent signals agree
 * on: the trades stop counting, the organisation and the bond tiers come up for review (REP-22).
 * Returns the flags that were raised or grew.
 */
export function detect(state: TrustState, row: number, parameters: TrustParameters): Flag[] {
  const { history } = state
  const buyer = history.buyer[row] as number
  const seller = history.seller[row] as number
  const now = history.at[row] as number
  const standing = flagOf(state, buyer, seller)
  if (standing) {
    standing.rows.push(row)
    setExcluded(state, [row], true, parameters)
    return []
  }
  const raised: Flag[] = []
  for (const members of groupsAround(state, { buyer, seller, now })) {
    const rows = rowsAmong(state, members, now)
    const signals = signalsOf(state, { members, rows, now })
    const flag = suffices(signals)
      ? raise(state, { members, rows, signals, now }, parameters)
      : null
    if (flag) raised.push(flag)
  }
  return raised
}

/** The standing flag on two agents, if any. */
export function flagOf(state: TrustState, left: number, right: number): Flag | null {
  const a = state.agents[left] as string
  const b = state.agents[right] as string
  for (const id of state.flagsOf.get(left) ?? []) {
    const flag = state.flags.get(id)
    if (flag?.status === 'standing' && flag.agents.includes(a) && flag.agents.includes(b)) {
      return flag
    }
  }
  return null
}

/** Standing flags that name an agent. */
export function flagsOn(state: TrustState, agent: number): Flag[] {
  return [...(state.flagsOf.get(agent) ?? [])]
    .map((id) => state.flags.get(id))
    .filter((flag) => flag !== undefined)
    .filter(({ status }) => status === 'standing')
}

/** The pair itself once it trades often enough, and the group of agents that trade mostly together. */
function groupsAround(
  state: TrustState,
  { buyer, seller, now }: { buyer: number; seller: number; now: number },
): number[][] {
  const pair = [buyer, seller].sort((left, right) => left - right)
  const among = rowsAmong(state, pair, now).length
  const groups = among >= ANOMALY_PARAMETERS.fewestTrades ? [pair] : []
  const group = groupOf(state, buyer, now)
  if (group && group.length > 2 && group.includes(seller)) groups.push(group)
  return groups
}

/**
 * Agents that mean a fair share of each other's trades, from one of them on. Null when the group
 * grows beyond what can be a ring: that is a market.
 */
function groupOf(state: TrustState, from: number, now: number): number[] | null {
  const { largestGroup, window, fewestTrades } = ANOMALY_PARAMETERS
  if (tradesOf(state, from, now - window).length < fewestTrades / 2) return null
  const group = new Set([from])
  for (const agent of group) {
    const { partners, total } = partnersOf(state, agent, now)
    for (const [partner, trades] of partners) {
      if (group.has(partner) || trades < Math.max(2, ANOMALY_PARAMETERS.linkShare * total)) continue
      const theirs = tradesOf(state, partner, now - window).length
      if (trades < ANOMALY_PARAMETERS.linkShare * theirs) continue
      group.add(partner)
      if (group.size > largestGroup) return null
    }
  }
  return [...group].sort((left, right) => left - right)
}

function partnersOf(
  state: TrustState,
  agent: number,
  now: number,
): { partners: Map<number, number>; total: number } {
  const { history } = state
  const partners = new Map<number, number>()
  const rows = tradesOf(state, agent, now - ANOMALY_PARAMETERS.window)
  for (const row of rows) {
    const buyer = history.buyer[row] as number
    const other = buyer === agent ? (history.seller[row] as number) : buyer
    partners.set(other, (partners.get(other) ?? 0) + 1)
  }
  return { partners, total: rows.length }
}

/** Trades among the members within the window, oldest first. */
function rowsAmong(state: TrustState, members: readonly number[], now: number): number[] {
  const rows: number[] = []
  const since = now - ANOMALY_PARAMETERS.window
  for (const buyer of members) {
    for (const seller of members) {
      const deal = buyer === seller ? -1 : findPair(state.deals.pairs, buyer, seller)
      if (deal < 0) continue
      for (let row = (state.deals.lastRow[deal] as number) - 1; row >= 0; ) {
        if ((state.history.at[row] as number) < since) break
        rows.push(row)
        row = state.earlierOfPair[row] as number
      }
    }
  }
  return rows.sort((left, right) => left - right)
}

type Finding = {
  members: readonly number[]
  rows: readonly number[]
  signals: Flag['signals']
  now: number
}

function raise(
  state: TrustState,
  { members, rows, signals, now }: Finding,
  parameters: TrustParameters,
): Flag | null {
  const agents = members.map((member) => state.agents[member] as string)
  const flagId = `flag:${[...agents].sort().join('+')}`
  const earlier = state.flags.get(flagId)
  const sameReasons = signals.every(({ name }) => earlier?.signals.some((old) => old.name === name))
  // An appeal that was upheld stands until something new is seen.
  if (earlier && (earlier.status === 'standing' || sameReasons)) return null
  const organizations = [
    ...new Set(
      members.map((member) => state.organization.get(member)).filter((org) => org !== undefined),
    ),
  ]
  const flag: Flag = {
    flagId,
    kind: kindOf(members, signals),
    agents,
    organizations,
    signals,
    at: now,
    rows: [...rows],
    status: 'standing',
  }
  state.flags.set(flagId, flag)
  for (const member of members) {
    const known = state.flagsOf.get(member) ?? new Set()
    state.flagsOf.set(member, known.add(flagId))
    state.lastChange[member] = now
  }
  setExcluded(state, rows, true, parameters)
  for (const organization of organizations) {
    openReview(state, { kind: 'organization', subject: organization, reason: flagId, at: now })
  }
  for (const agent of agents) {
    openReview(state, { kind: 'bondTier', subject: agent, reason: flagId, at: now })
  }
  return flag
}

function kindOf(members: readonly number[], signals: Flag['signals']): Flag['kind'] {
  if (members.length > 2) return 'wash ring'
  const sameOrganization = signals.some(({ name }) => name === 'organization')
  return sameOrganization ? 'inter-org self-dealing' : 'self-dealing'
}

/** Lifts a flag: every excluded trade counts again, and the reviews that it opened are closed. */
export function liftFlag(state: TrustState, flagId: string, parameters: TrustParameters): void {
  const flag = state.flags.get(flagId)
  if (!flag || flag.status === 'lifted') return
  flag.status = 'lifted'
  setExcluded(state, flag.rows, false, parameters)
  closeReviews(state, flagId)
}

/**
 * The nightly full pass: evaluates every pair and every group anew over the window before `now` and
 * returns what stands by that. It raises nothing itself; it has to equal what the events raised.
 */
export function sweep(state: TrustState, now: number): string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  for (let deal = 0; deal < state.deals.pairs.size; deal++) {
    const buyer = state.deals.pairs.left[deal] as number
    const seller = state.deals.pairs.right[deal] as number
    for (const members of groupsAround(state, { buyer, seller, now })) {
      const flagId = `flag:${members
        .map((member) => state.agents[member])
        .sort()
        .join('+')}`
      if (seen.has(flagId)) continue
      seen.add(flagId)
      const rows = rowsAmong(state, members, now)
      if (suffices(signalsOf(state, { members, rows, now }))) found.add(flagId)
    }
  }
  return [...found].sort()
}
