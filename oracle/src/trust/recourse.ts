import { clusterOf } from './cluster.ts'
import { countDeal } from './deal.ts'
import type { RuledClaim } from './event.ts'
import { chain } from './history.ts'
import { applyIncident, CLASSES } from './incident.ts'
import { tally } from './market.ts'
import { severityOfSplit } from './outcome.ts'
import type { TrustParameters } from './parameters.ts'
import { refoldBuyer, refoldSeller } from './refold.ts'
import { refresh } from './refresh.ts'
import { agentIndex, dealIndex, type TrustState } from './state.ts'

/**
 * A claim against a bond that the arbiter ruled. The trade had counted as fulfilled when it was paid at
 * once: from now on it counts as what the ruling left of it, for both sides, as if it had been disputed in
 * its escrow. What was taken from the bond is an incident of its own beside that (PCT-22).
 */
export function applyRuledClaim(
  state: TrustState,
  event: RuledClaim,
  parameters: TrustParameters,
): void {
  const { escrowId, at, seller, sellerBps } = event
  const severity = severityOfSplit(sellerBps)
  amendTrade(state, event, severity, parameters)
  if (severity === 0) return
  applyIncident(
    state,
    {
      kind: 'incident',
      incidentId: `recourse/${escrowId}`,
      agent: seller,
      at,
      class: 'slashing',
      severity,
      reason: `The bond paid back ${(10_000 - sellerBps) / 100} % of escrow ${escrowId}`,
    },
    parameters,
  )
}

/** A trade that the model never counted stays uncounted. */
function amendTrade(
  state: TrustState,
  event: RuledClaim,
  severity: number,
  parameters: TrustParameters,
): void {
  const { history } = state
  const [seller, buyer] = [agentIndex(state, event.seller), agentIndex(state, event.buyer)]
  const row = chain(history.earlierOfSeller, state.lastOfSeller[seller] as number).findLast(
    (each) => history.ids[each] === event.escrowId && history.buyer[each] === buyer,
  )
  if (row === undefined || (history.severity[row] as number) > 0) return
  state.lastChange[buyer] = event.at

  // Before: out of graph, pair and market, as it was.
  const counted = history.excluded[row] === 0
  const isFailed = severity >= 0.1
  if (isFailed && counted && (history.edge[row] as number) > 0) {
    // Its edge has to be in the graph before it can be taken out.
    refresh(state, parameters)
    state.pending.push({ row, sign: -1 })
    refresh(state, parameters)
  }
  if (counted) count(-1)

  history.severity[row] = severity
  history.weight[row] = (history.weight[row] as number) * (1 - severity)
  history.untrusted[row] = (history.untrusted[row] as number) * (1 - severity)
  history.awarded[row] = event.sellerBps
  const marks = history.marks[row]
  if (marks && event.upheld) {
    // The incident of the harm marks it instead.
    const { [CLASSES[event.upheld].dimension]: _, ...others } = marks
    history.marks[row] = others
  }
  history.undisputed[row] = 0
  // Disputes count little against a likely crook's victim, as ever.
  history.disputed[row] = ((1 - (history.forecast[row] as number)) * event.sellerBps) / 10_000
  if (isFailed) {
    history.forgiving[row] = 0
    history.edge[row] = 0
    // It became known now: what was forgiven before does not forgive it.
    state.lastFailure[seller] = Math.max(state.lastFailure[seller] as number, history.count - 1)
  }

  // After
  if (counted) count(1)
  refoldSeller(state, seller, parameters)
  refoldBuyer(state, buyer, parameters)

  function count(sign: 1 | -1): void {
    countDeal(state, row as number, dealIndex(state, buyer, seller), sign)
    const trade = {
      capability: history.capability[row as number] as number,
      amount: history.amount[row as number] as number,
      seller: clusterOf(state.clusters, seller),
      severity: history.severity[row as number] as number,
    }
    tally(state.market, trade, sign)
  }
}
