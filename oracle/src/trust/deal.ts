import type { TrustState } from './state.ts'

/** Counts a trade to its pair, or takes it out again. */
export function countDeal(state: TrustState, row: number, deal: number, sign: 1 | -1): void {
  const { deals, history } = state
  const buyer = history.buyer[row] as number
  const severity = history.severity[row] as number
  if (severity < 0.1) deals.fulfilled[deal] = (deals.fulfilled[deal] as number) + sign
  else deals.failed[deal] = (deals.failed[deal] as number) + sign * severity
  deals.fee[deal] = (deals.fee[deal] as number) + sign * (history.fee[row] as number)
  state.paid[buyer] = (state.paid[buyer] as number) + sign * (history.fee[row] as number)
  const given = sign * (history.weight[row] as number)
  deals.given[deal] = (deals.given[deal] as number) + given
  state.given[buyer] = (state.given[buyer] as number) + given
  if (sign > 0 && severity < 0.1) {
    deals.largest[deal] = Math.max(deals.largest[deal] as number, history.amount[row] as number)
  }
}
