import type { Signal, TrustState } from './state.ts'

const DAY = 86_400

/** The thresholds of the anomaly detector, versioned and published like the formula (REP-18 to REP-23). */
export const ANOMALY_PARAMETERS = {
  version: 'earnest-anomalies/1',
  /** Trades of one pair (or per member of a group) in the window that are unusually many. */
  frequentTrades: 20,
  frequentWindow: 30 * DAY,
  /** What is looked at for everything else, seconds and rows. */
  window: 90 * DAY,
  /** Trades below which price, speed and closure say nothing. */
  fewestTrades: 10,
  /** Coefficient of variation of the amounts at or below which they are uniform. */
  uniformVariation: 0.05,
  /** How near to the seller's own price a uniform amount is normal. */
  ownPriceTolerance: 0.02,
  /** Seconds from funding to the end at or below which most trades are instant. */
  instantSeconds: 60,
  /** Share of the members' trades inside a closed group, and largest net position over its turnover. */
  closedShare: 0.9,
  netShare: 0.1,
  /** Largest group that is looked at, and smallest share of both sides' trades that links two. */
  largestGroup: 40,
  linkShare: 0.05,
} as const

/**
 * Signals of one family are not independent of each other: two families are needed at the least, and
 * one of them must be common control or closure. Reciprocity and cycles alone are no signal at all.
 */
const FAMILIES: Record<Signal['name'], string> = {
  frequency: 'frequency',
  organization: 'control',
  funding: 'control',
  uniform: 'price',
  instant: 'speed',
  closed: 'closure',
}

/** Whether the signals suffice for a flag. */
export function suffices(signals: readonly Signal[]): boolean {
  const families = new Set(signals.map(({ name }) => FAMILIES[name]))
  return families.size >= 2 && (families.has('control') || families.has('closure'))
}

/** All signals of a group of agents (two or more) over the trades among them. */
export function signalsOf(
  state: TrustState,
  { members, rows, now }: { members: readonly number[]; rows: readonly number[]; now: number },
): Signal[] {
  return [
    frequency(state, { members, rows, now }),
    organization(state, members),
    funding(state, members),
    uniform(state, members, rows),
    instant(state, rows),
    closed(state, { members, rows, now }),
  ].filter((signal) => signal !== null)
}

function frequency(
  { history }: TrustState,
  { members, rows, now }: { members: readonly number[]; rows: readonly number[]; now: number },
): Signal | null {
  const { frequentTrades, frequentWindow } = ANOMALY_PARAMETERS
  const recent = rows.filter((row) => now - (history.at[row] as number) <= frequentWindow).length
  const perMember = (2 * recent) / members.length
  if (perMember < frequentTrades) return null
  return { name: 'frequency', detail: `${recent} trades among ${members.length} within 30 days` }
}

function organization(state: TrustState, members: readonly number[]): Signal | null {
  const shared = sharedBy((member) => [state.organization.get(member)], members)
  return shared === null ? null : { name: 'organization', detail: `same organisation ${shared}` }
}

function funding(state: TrustState, members: readonly number[]): Signal | null {
  const purses = (member: number) => [state.funder.get(member), state.wallet.get(member)]
  const shared = sharedBy(purses, members)
  return shared === null
    ? null
    : { name: 'funding', detail: `money from the same wallet ${shared} at first` }
}

/** A fact that at least two of the members, and half of them, have in common. */
function sharedBy(
  factsOf: (member: number) => readonly (string | undefined)[],
  members: readonly number[],
): string | null {
  const counts = new Map<string, number>()
  for (const member of members) {
    for (const fact of new Set(factsOf(member))) {
      if (fact !== undefined) counts.set(fact, (counts.get(fact) ?? 0) + 1)
    }
  }
  for (const [fact, count] of counts) {
    if (count >= 2 && count * 2 >= members.length) return fact
  }
  return null
}

/** Amounts that hardly vary and are nobody's own price. */
function uniform(
  state: TrustState,
  members: readonly number[],
  rows: readonly number[],
): Signal | null {
  const { history } = state
  const { fewestTrades, uniformVariation } = ANOMALY_PARAMETERS
  if (rows.length < fewestTrades) return null
  const amounts = rows.map((row) => history.amount[row] as number)
  const mean = amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length
  if (mean === 0) return null
  const variance = amounts.reduce((sum, amount) => sum + (amount - mean) ** 2, 0) / amounts.length
  const variation = Math.sqrt(variance) / mean
  if (variation > uniformVariation) return null
  if (rows.every((row) => isOwnPrice(state, members, row))) return null
  return { name: 'uniform', detail: `amounts vary by ${(100 * variation).toFixed(1)} % only` }
}

/** The seller asks this price of everybody: it is on its list, or others pay it too. */
function isOwnPrice(
  { history, lastOfSeller }: TrustState,
  members: readonly number[],
  row: number,
): boolean {
  const { ownPriceTolerance, fewestTrades } = ANOMALY_PARAMETERS
  const amount = history.amount[row] as number
  const near = (price: number): boolean => Math.abs(price - amount) <= ownPriceTolerance * amount
  if (near(history.listed[row] as number)) return true
  let outside = 0
  let same = 0
  let steps = 0
  const seller = history.seller[row] as number
  for (let at = lastOfSeller[seller] as number; at >= 0 && steps < 200; steps++) {
    const buyer = history.buyer[at] as number
    if (buyer >= 0 && !members.includes(buyer)) {
      outside++
      if (near(history.amount[at] as number)) same++
    }
    at = history.earlierOfSeller[at] as number
  }
  return outside >= fewestTrades / 2 && same * 2 >= outside
}

function instant({ history }: TrustState, rows: readonly number[]): Signal | null {
  const { fewestTrades, instantSeconds } = ANOMALY_PARAMETERS
  const timed = rows.filter((row) => (history.duration[row] as number) >= 0)
  if (timed.length < fewestTrades) return null
  if (rows.some((row) => (history.disputed[row] as number) > 0)) return null
  if (rows.some((row) => (history.severity[row] as number) > 0)) return null
  const quick = timed.filter((row) => (history.duration[row] as number) <= instantSeconds).length
  if (quick < timed.length * 0.9) return null
  return { name: 'instant', detail: `${quick} of ${timed.length} done in a minute, no dispute` }
}

/** A group that seldom trades outside and in which everybody gets back what they paid. */
function closed(
  state: TrustState,
  { members, rows, now }: { members: readonly number[]; rows: readonly number[]; now: number },
): Signal | null {
  const { history } = state
  const { fewestTrades, closedShare, netShare, window } = ANOMALY_PARAMETERS
  if (rows.length < Math.max(fewestTrades, 2 * members.length)) return null
  const net = new Map<number, number>()
  const turnover = new Map<number, number>()
  for (const row of rows) {
    const amount = history.amount[row] as number
    for (const [agent, sign] of [
      [history.buyer[row] as number, -1],
      [history.seller[row] as number, 1],
    ] as const) {
      net.set(agent, (net.get(agent) ?? 0) + sign * amount)
      turnover.set(agent, (turnover.get(agent) ?? 0) + amount)
    }
  }
  const flat = members.filter((agent) => {
    const turned = turnover.get(agent) ?? 0
    return turned > 0 && Math.abs(net.get(agent) ?? 0) <= netShare * turned
  })
  if (flat.length < members.length * 0.9) return null
  let all = 0
  for (const member of members) all += tradesOf(state, member, now - window).length
  // A trade inside stands in the chains of both of its sides.
  const inside = (2 * rows.length) / all
  if (inside < closedShare) return null
  return {
    name: 'closed',
    detail: `${Math.round(100 * inside)} % of the trades are among themselves and net to zero`,
  }
}

/** Latest trades of an agent as seller and as buyer. */
export function tradesOf(state: TrustState, agent: number, since: number): number[] {
  const { history, lastOfSeller, lastOfBuyer } = state
  const rows: number[] = []
  for (let row = lastOfSeller[agent] as number; row >= 0 && rows.length < 400; ) {
    if ((history.at[row] as number) < since) break
    if ((history.buyer[row] as number) >= 0) rows.push(row)
    row = history.earlierOfSeller[row] as number
  }
  for (let row = lastOfBuyer[agent] as number; row >= 0 && rows.length < 800; ) {
    if ((history.at[row] as number) < since) break
    rows.push(row)
    row = history.earlierOfBuyer[row] as number
  }
  return rows
}
