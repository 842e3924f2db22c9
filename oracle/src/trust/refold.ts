import { contributeRow } from './contribute.ts'
import { clearHabit, purchase } from './habit.ts'
import { chain } from './history.ts'
import type { TrustParameters } from './parameters.ts'
import { clearRecord } from './record.ts'
import { forEachPart, type TrustState } from './state.ts'

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
