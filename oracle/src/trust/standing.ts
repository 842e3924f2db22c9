import { forecastSeller } from './forecastof.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/** What an agent is worth as a judge of one capability (TAP-02, TAP-21). */
export type Standing = {
  /** Escrows of the capability that it settled as a seller, as agreed or by a ruling, and that count. */
  trades: number
  /** Its pessimistic display in the capability on 0..1000; 0 while unrated. Bounded, so that no record outweighs all others. */
  weight: number
  /** Organisation that it states or was proved to belong to. */
  organization: string | null
}

/** The standing of one agent in one capability. */
export function standingOf(
  state: TrustState,
  { agent, capability, now }: { agent: string; capability: string; now: number },
  parameters: TrustParameters,
): Standing {
  const index = state.indexOf.get(agent)
  const wanted = state.capabilityOf.get(capability)
  if (index === undefined || wanted === undefined) {
    return { trades: 0, weight: 0, organization: null }
  }
  const { history } = state
  let trades = 0
  for (
    let row = state.lastOfSeller[index] as number;
    row >= 0;
    row = history.earlierOfSeller[row] as number
  ) {
    const counts = history.capability[row] === wanted && history.excluded[row] === 0
    if (counts && (history.weight[row] as number) + (history.untrusted[row] as number) > 0) trades++
  }
  const forecast = forecastSeller(state, { seller: agent, at: now, capability }, parameters)
  return {
    trades,
    weight: forecast.rated ? Math.round(1000 * forecast.shown) : 0,
    organization: state.organization.get(index) ?? null,
  }
}

/** How one agent is tied to another: what makes it unfit to judge it. */
export type Tie = {
  reason: 'same_organisation' | 'direct_voucher' | 'frequent_counterparty'
  detail: string
}

/** Trades between two agents from which on they are each other's frequent counterparty. */
const FREQUENT = 5

/** What the record shows between a member and a party, nearest first. */
export function tiesOf(state: TrustState, member: string, party: string): Tie[] {
  const [a, b] = [state.indexOf.get(member), state.indexOf.get(party)]
  if (a === undefined || b === undefined) return []
  const ties: Tie[] = []
  const organization = state.organization.get(a)
  if (organization !== undefined && organization === state.organization.get(b)) {
    ties.push({ reason: 'same_organisation', detail: `both of ${organization}` })
  }
  const between = (seller: number, buyer: number): { trades: number; vouched: number } => {
    let trades = 0
    let vouched = 0
    const { history } = state
    for (
      let row = state.lastOfSeller[seller] as number;
      row >= 0;
      row = history.earlierOfSeller[row] as number
    ) {
      if (history.buyer[row] !== buyer) continue
      trades++
      if ((history.edge[row] as number) > 0) vouched++
    }
    return { trades, vouched }
  }
  const sold = between(a, b)
  const bought = between(b, a)
  const trades = sold.trades + bought.trades
  // A paid trade is a voucher of the buyer for the seller.
  if (sold.vouched + bought.vouched > 0) {
    ties.push({ reason: 'direct_voucher', detail: `${sold.vouched + bought.vouched} paid trades` })
  }
  if (trades >= FREQUENT) {
    ties.push({ reason: 'frequent_counterparty', detail: `${trades} trades with each other` })
  }
  return ties
}
