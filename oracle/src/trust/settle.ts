import { clusterOf } from './cluster.ts'
import { grown } from './column.ts'
import { contributeRow } from './contribute.ts'
import { countDeal } from './deal.ts'
import type { SettledEscrow } from './event.ts'
import { failureOf, posteriorOf } from './forecast.ts'
import { forgivingOf } from './forgive.ts'
import { purchase } from './habit.ts'
import { nextRow } from './history.ts'
import { marksOf } from './mark.ts'
import { baseOf, tally } from './market.ts'
import { habitMoveOf, penaltiesOf, severityOf } from './outcome.ts'
import { pairForecast } from './pairforecast.ts'
import type { TrustParameters } from './parameters.ts'
import { capabilityKey } from './partkey.ts'
import { penalise, reviewDeadlines } from './penalise.ts'
import { learn, recalibrated } from './recalibration.ts'
import { evidenceAt } from './record.ts'
import { isRefreshDue, refresh } from './refresh.ts'
import { agentIndex, capabilityIndex, dealIndex, partIndex, type TrustState } from './state.ts'
import { voucherOf } from './voucher.ts'

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
  if (event.ending === 'paid') return -1

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
  history.standing[row] = voucher.standing
  history.forecast[row] = recalibrated(state.recalibration, failure)
  history.pairRisk[row] = recalibrated(state.pairRecalibration, pair)
  history.forgiving[row] = trusted ? forgivingOf(state, { buyer, seller, amount, row }, voucher) : 0
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
  state.pending.push({ row, sign: 1 })
  learn(state.recalibration, { raw: failure, outcome: severity }, parameters.recalibration)
  learn(state.pairRecalibration, { raw: pair, outcome: severity }, parameters.recalibration)
  // A trade with somebody whom nobody trusts does not stop idle decay, or sybils would.
  if (voucher.standing >= parameters.parcelShare || severity > 0) {
    state.lastSettled[seller] = Math.max(state.lastSettled[seller] as number, event.at)
  }
  state.lastChange[seller] = event.at
  state.lastChange[buyer] = event.at
  state.events += 1
  if (isRefreshDue(state, parameters)) refresh(state, parameters)
  return row
}
