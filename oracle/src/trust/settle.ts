import type { Dimension } from '@earnest/sdk/protocol'
import { clusterOf } from './cluster.ts'
import { grown } from './column.ts'
import { DIMENSIONS } from './dimension.ts'
import type { SettledEscrow } from './event.ts'
import { fade } from './fade.ts'
import { addEdge, boundRow } from './flow.ts'
import { failureOf, posteriorOf } from './forecast.ts'
import { clearHabit, purchase } from './habit.ts'
import { chain, nextRow } from './history.ts'
import { type Marks, marksOf } from './mark.ts'
import { bandOf, baseOf, tally } from './market.ts'
import { pairForecast } from './pairforecast.ts'
import { internPair } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import { PENALTY_TABLE, type PenaltyKind, penaltyMultiplier } from './penalty.ts'
import { learn, recalibrated } from './recalibration.ts'
import { clearRecord, contribute, evidenceAt } from './record.ts'
import { openReview } from './review.ts'
import { precisionFor, settleFlow } from './spread.ts'
import {
  agentIndex,
  capabilityIndex,
  dealIndex,
  forEachPart,
  partIndex,
  type TrustState,
} from './state.ts'
import { trustUnit } from './trustunit.ts'
import { voucherOf } from './voucher.ts'

/** Keys of narrower records from here on are dimensions, below it capability and price band. */
const DIMENSION_KEY = 1 << 29
const BANDS = 32

/** Key of an agent's record in one capability and price band. */
export function capabilityKey(capability: number, amount: number): number {
  return capability * BANDS + bandOf(amount)
}

/** Capability and price band of a key, or null for the key of a dimension. */
export function capabilityOfKey(key: number): { capability: number; band: number } | null {
  if (key >= DIMENSION_KEY) return null
  return { capability: Math.floor(key / BANDS), band: key % BANDS }
}

/** Key of an agent's record in one dimension. */
export function dimensionKey(dimension: Dimension): number {
  return DIMENSION_KEY + DIMENSIONS.indexOf(dimension)
}

/**
 * Moves the model by one settled escrow, in the order of the trust model: first what was known
 * before it, then what it adds. Returns its row, or -1 for an escrow that proves nothing.
 */
export function applySettled(
  state: TrustState,
  event: SettledEscrow,
  parameters: TrustParameters,
): number {
  if (event.buyer === event.seller) return -1
  const buyer = agentIndex(state, event.buyer)
  const seller = agentIndex(state, event.seller)
  state.lastActive[buyer] = Math.max(state.lastActive[buyer] as number, event.at)
  // A release without a delivery is a payment, never a fulfilment.
  if (event.ending === 'paid' || event.test) return -1

  // Before: forecast, voucher, habit.
  const capability = capabilityIndex(state, event.capability)
  const amount = Number(event.amount)
  const severity = severityOf(event)
  const fulfilled = 1 - severity
  const evidence = evidenceAt(state.whole, seller, event.at, parameters)
  const base = baseOf(state.market, { capability, amount }, parameters)
  const failure = failureOf(posteriorOf(evidence, base, parameters))
  const pair = pairForecast(
    state,
    { buyer, seller, at: event.at, base, failure, amount },
    parameters,
  )
  const voucher = voucherOf(state, { buyer, seller }, parameters)
  const trusted = severity < 0.1

  const { history } = state
  const row = nextRow(history)
  history.ids[row] = event.escrowId
  history.pacts[row] = event.pactId ?? null
  history.marks[row] = marksOf(event)
  history.capability[row] = capability
  history.seller[row] = seller
  history.buyer[row] = buyer
  history.at[row] = event.at
  history.amount[row] = amount
  history.fee[row] = Number(event.protocolFee)
  history.weight[row] = voucher.weight * fulfilled
  history.untrusted[row] = voucher.untrusted * fulfilled
  history.severity[row] = severity
  history.forecast[row] = recalibrated(state.recalibration, failure)
  history.pairRisk[row] = recalibrated(state.pairRecalibration, pair)
  history.forgiving[row] = trusted
    ? forgivingOf(state, { buyer, seller, amount, row }, voucher.weight)
    : 0
  history.edge[row] = trusted ? Number(event.protocolFee) / parameters.feePerVoucher : 0
  const habit = habitMoveOf(event, failure)
  history.undisputed[row] = habit.undisputed
  history.disputed[row] = habit.disputed
  const filed = event.dispute?.by === 'buyer'
  history.awarded[row] = filed ? (event.dispute?.awardedBps ?? -1) : -2
  const { fundedAt, listPrice } = event.facts ?? {}
  history.duration[row] = fundedAt === undefined ? -1 : event.at - fundedAt
  history.listed[row] = listPrice === undefined ? 0 : Number(listPrice)
  const key = capabilityKey(capability, amount)
  history.part[row] = partIndex(state, seller, key)

  // Chains by which an agent's or a pair's rows are found again.
  history.earlierOfSeller[row] = state.lastOfSeller[seller] as number
  state.lastOfSeller[seller] = row
  history.earlierOfBuyer[row] = state.lastOfBuyer[buyer] as number
  state.lastOfBuyer[buyer] = row
  const deal = dealIndex(state, buyer, seller)
  state.earlierOfPair = grown(state.earlierOfPair, row + 1)
  state.earlierOfPair[row] = (state.deals.lastRow[deal] as number) - 1
  state.deals.lastRow[deal] = row + 1
  countDeal(state, row, deal, 1)
  if (severity >= 0.1) state.lastFailure[seller] = row

  // After: evidence, habit, market, graph.
  contributeRow(state, row, parameters)
  penalise(state, seller, row, penaltiesOf(event))
  reviewDeadlines(state, seller, event.at)
  if (event.ending !== 'expired') {
    state.lastActive[seller] = Math.max(state.lastActive[seller] as number, event.at)
  }
  purchase(state.habits, buyer, { at: event.at, ...habit }, parameters)
  tally(
    state.market,
    { capability, amount, seller: clusterOf(state.clusters, seller), severity },
    1,
  )
  if (!event.starter) state.pending.push({ row, sign: 1 })
  else history.edge[row] = 0
  learn(state.recalibration, { raw: failure, outcome: severity }, parameters.recalibration)
  learn(state.pairRecalibration, { raw: pair, outcome: severity }, parameters.recalibration)
  // A trade with somebody whom nobody trusts does not stop idle decay, or sybils would.
  if (voucher.weight > 0 || severity > 0) {
    state.lastSettled[seller] = Math.max(state.lastSettled[seller] as number, event.at)
  }
  state.lastChange[seller] = event.at
  state.lastChange[buyer] = event.at
  state.events += 1
  if (isRefreshDue(state, parameters)) refresh(state, parameters)
  return row
}

/** How badly a trade went for the buyer, 0..1: the part that a full success would have paid. */
function severityOf({ ending, sellerBps, facts }: SettledEscrow): number {
  if (ending === 'completed') return 0
  if (ending === 'expired') return 1
  // Giving the money back before any work began is a trade that failed, but not one that harmed.
  if (ending === 'refunded') return facts && facts.deliveredAt === undefined ? 0.5 : 1
  return severityOfSplit(sellerBps)
}

/** A dispute that brings its buyer less than a tenth was no failure of the seller's (W-16). */
export function severityOfSplit(sellerBps: number): number {
  return sellerBps > 9_000 ? 0 : 1 - sellerBps / 10_000
}

/** Disputes count by the part that the seller was awarded, and little against a likely crook. */
function habitMoveOf(
  { dispute, ending }: SettledEscrow,
  failure: number,
): { undisputed: number; disputed: number } {
  if (dispute?.by === 'buyer') {
    const awarded = dispute.awardedBps
    const disputed = awarded === null ? 1 : ((1 - failure) * awarded) / 10_000
    return { undisputed: 0, disputed }
  }
  return { undisputed: ending === 'completed' || ending === 'resolved' ? 1 : 0, disputed: 0 }
}

/**
 * A trusted delivery forgives as much as its weight, scaled by its value against the loss that is
 * still open, and once per cluster since the latest failure.
 */
function forgivingOf(
  state: TrustState,
  { buyer, seller, amount, row }: { buyer: number; seller: number; amount: number; row: number },
  weight: number,
): number {
  const penalties = state.penalties.get(seller)
  if (weight === 0 || ((state.whole.penalty[seller] as number) === 0 && !penalties?.length))
    return 0
  const { forgiven } = state
  const entry = internPair(forgiven.pairs, seller, clusterOf(state.clusters, buyer))
  forgiven.row = grown(forgiven.row, entry + 1)
  const before = (forgiven.row[entry] as number) - 1
  if (before > (state.lastFailure[seller] as number)) return 0
  forgiven.row[entry] = row + 1
  const loss = state.whole.loss[seller] as number
  return weight * (loss > 0 ? Math.min(1, amount / loss) : 1)
}

/** Counts a trade to its pair, or takes it out again. */
export function countDeal(state: TrustState, row: number, deal: number, sign: 1 | -1): void {
  const { deals, history } = state
  const buyer = history.buyer[row] as number
  const severity = history.severity[row] as number
  if (severity < 0.1) deals.fulfilled[deal] = (deals.fulfilled[deal] as number) + sign
  else deals.failed[deal] = (deals.failed[deal] as number) + sign * severity
  deals.fee[deal] = (deals.fee[deal] as number) + sign * (history.fee[row] as number)
  state.paid[buyer] = (state.paid[buyer] as number) + sign * (history.fee[row] as number)
  if (sign > 0 && severity < 0.1) {
    deals.largest[deal] = Math.max(deals.largest[deal] as number, history.amount[row] as number)
  }
}

/** Adds a row to every record of its seller that it bears on. */
export function contributeRow(state: TrustState, row: number, parameters: TrustParameters): void {
  const { history } = state
  const seller = history.seller[row] as number
  const at = history.at[row] as number
  const amount = history.amount[row] as number
  const forgiving = history.forgiving[row] as number
  const severity = history.severity[row] as number
  const voucher = {
    weight: history.weight[row] as number,
    untrusted: history.untrusted[row] as number,
  }
  const isTrade = (history.buyer[row] as number) >= 0
  if (isTrade) {
    const whole = { at, amount, forgiving, severity, ...voucher }
    contribute(state.whole, seller, whole, parameters)
    contribute(state.parts.records, history.part[row] as number, whole, parameters)
  }
  const marks = history.marks[row] as Marks | null
  if (marks) contributeMarks(state, row, marks, parameters)
  if (forgiving > 0) forgivePenalties(state, seller, forgiving, parameters)
}

/** The mark of a dimension splits the voucher of the trade into its fulfilled and failed part. */
function contributeMarks(
  state: TrustState,
  row: number,
  marks: Marks,
  parameters: TrustParameters,
): void {
  const { history } = state
  const seller = history.seller[row] as number
  const fulfilled = 1 - (history.severity[row] as number)
  // The row's weight already carries the fulfilled share of the trade: undo it, marks have their own.
  const share = fulfilled > 0 ? 1 / fulfilled : 0
  const untrusted = history.untrusted[row] as number
  const scale = (history.buyer[row] as number) < 0 && untrusted > 0 ? untrusted : 1
  for (const [dimension, mark] of Object.entries(marks) as [Dimension, number][]) {
    const part = partIndex(state, seller, dimensionKey(dimension))
    contribute(
      state.parts.records,
      part,
      {
        at: history.at[row] as number,
        amount: history.amount[row] as number,
        forgiving: history.forgiving[row] as number,
        weight: (history.weight[row] as number) * share * mark,
        untrusted: untrusted * share * mark,
        // A missed reply or heartbeat is a small thing beside a trade.
        severity: (1 - mark) * scale,
      },
      parameters,
    )
  }
}

function penaltiesOf({ ending, dispute, facts }: SettledEscrow): PenaltyKind[] {
  const kinds: PenaltyKind[] = []
  if (ending === 'expired') kinds.push('deadlineMissed')
  if (facts?.partial) kinds.push('partialDelivery')
  if (dispute && dispute.awardedBps !== null && dispute.awardedBps < 9_000 && !facts?.partial) {
    kinds.push('disputeLost')
  }
  if (facts?.outage) kinds.push(facts.outage === 'lasting' ? 'unavailable' : 'outageRecovered')
  if (facts?.executionFailures) kinds.push('executionFailure')
  return kinds
}

/** Puts penalties on an agent; a repeat within the window counts more. */
export function penalise(
  state: TrustState,
  agent: number,
  row: number,
  kinds: readonly PenaltyKind[],
): void {
  if (kinds.length === 0) return
  const at = state.history.at[row] as number
  const carried = state.penalties.get(agent) ?? []
  state.penalties.set(agent, carried)
  for (const kind of kinds) {
    const earlier = carried.filter((penalty) => penalty.kind === kind).map((penalty) => penalty.at)
    const multiplier = penaltyMultiplier(earlier, at)
    carried.push({ kind, at, event: row, multiplier, open: 1 })
  }
}

/** Three missed deadlines within 90 days bring the bond tier up for review (REP-03). */
function reviewDeadlines(state: TrustState, agent: number, now: number): void {
  if (missedDeadlines(state, agent, now) < 3) return
  const subject = state.agents[agent] as string
  openReview(state, { kind: 'bondTier', subject, reason: 'three_deadlines_missed', at: now })
}

/** Deadlines that an agent missed in the 90 days before `now`. */
export function missedDeadlines(state: TrustState, agent: number, now: number): number {
  return (state.penalties.get(agent) ?? []).filter(
    ({ kind, at, event }) =>
      kind === 'deadlineMissed' &&
      now - at <= PENALTY_TABLE.window &&
      state.history.excluded[event] === 0,
  ).length
}

function forgivePenalties(
  state: TrustState,
  agent: number,
  forgiving: number,
  { forgiveness }: TrustParameters,
): void {
  for (const penalty of state.penalties.get(agent) ?? []) {
    penalty.open *= fade(forgiving * forgiveness, 1)
  }
}

/** Adds the edges of a trade to the trust graph, or takes them out again. */
function connect(
  state: TrustState,
  row: number,
  sign: 1 | -1,
  { payeeEdge, seedPurchases, seedClusterShare }: TrustParameters,
): void {
  const { flow, history, clusters } = state
  const buyer = history.buyer[row] as number
  const seller = history.seller[row] as number
  const weight = sign * (history.edge[row] as number)
  if (weight === 0) return
  if (buyer >= state.seeds || seedPurchases) addEdge(flow, buyer, seller, weight)
  if (payeeEdge > 0) addEdge(flow, seller, buyer, weight * payeeEdge)
  if (seedClusterShare >= 1) return
  for (const node of [buyer, seller]) {
    if (node >= state.seeds) continue
    boundRow(flow, node, seedClusterShare, (agent) => clusterOf(clusters, agent))
  }
}

/** A young market is measured anew at every trade, an old one at every two hundred and fiftieth. */
function isRefreshDue({ pending, events }: TrustState, { refreshEvery }: TrustParameters): boolean {
  return pending.length >= Math.min(refreshEvery, Math.max(1, events / 50))
}

/**
 * Puts the trades since the last refresh into the trust graph, brings trust to its fixed point and
 * measures the unit of a voucher anew. In between graph and trust stand still together, so that
 * money that moves between two refreshes can neither be seen twice nor hide.
 */
export function refresh(state: TrustState, parameters: TrustParameters): void {
  const { flow } = state
  for (const { row, sign } of state.pending) connect(state, row, sign, parameters)
  state.pending = []
  settleFlow(flow, precisionFor(flow))
  state.unit = trustUnit(flow.trust, flow.nodes, parameters.massShare)
}

/**
 * Takes rows out of every score, graph weight and base rate, or gives them back. What remains of
 * their sellers and buyers is folded anew from the kept rows, so that it equals a history without.
 */
export function setExcluded(
  state: TrustState,
  rows: readonly number[],
  excluded: boolean,
  parameters: TrustParameters,
): void {
  const { history, market, clusters } = state
  const sellers = new Set<number>()
  const buyers = new Set<number>()
  for (const row of rows) {
    if ((history.excluded[row] === 1) === excluded) continue
    history.excluded[row] = excluded ? 1 : 0
    const seller = history.seller[row] as number
    const buyer = history.buyer[row] as number
    sellers.add(seller)
    if (buyer < 0) continue
    buyers.add(buyer)
    const sign = excluded ? -1 : 1
    state.pending.push({ row, sign })
    countDeal(state, row, dealIndex(state, buyer, seller), sign)
    const trade = {
      capability: history.capability[row] as number,
      amount: history.amount[row] as number,
      seller: clusterOf(clusters, seller),
      severity: history.severity[row] as number,
    }
    tally(market, trade, sign)
  }
  for (const seller of sellers) refoldSeller(state, seller, parameters)
  for (const buyer of buyers) refoldBuyer(state, buyer, parameters)
}

/** Computes every record of a seller anew from its rows. */
export function refoldSeller(state: TrustState, seller: number, parameters: TrustParameters): void {
  const { history } = state
  clearRecord(state.whole, seller)
  forEachPart(state, seller, (part) => clearRecord(state.parts.records, part))
  const carried = state.penalties.get(seller) ?? []
  for (const penalty of carried) penalty.open = history.excluded[penalty.event] ? 0 : 1
  state.penalties.delete(seller)
  const due = [...carried]
  const open: typeof carried = []
  if (carried.length > 0) state.penalties.set(seller, open)
  for (const row of chain(history.earlierOfSeller, state.lastOfSeller[seller] as number)) {
    if (history.excluded[row] === 0) contributeRow(state, row, parameters)
    while (due.length > 0 && (due[0] as (typeof due)[number]).event <= row) {
      open.push(due.shift() as (typeof due)[number])
    }
  }
}

/** Computes the habit of a buyer anew from its rows. */
export function refoldBuyer(state: TrustState, buyer: number, parameters: TrustParameters): void {
  const { history } = state
  clearHabit(state.habits, buyer)
  for (const row of chain(history.earlierOfBuyer, state.lastOfBuyer[buyer] as number)) {
    if (history.excluded[row] === 1) continue
    const at = history.at[row] as number
    const undisputed = history.undisputed[row] as number
    const disputed = history.disputed[row] as number
    purchase(state.habits, buyer, { at, undisputed, disputed }, parameters)
  }
}
