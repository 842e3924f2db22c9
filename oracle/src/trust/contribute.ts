import type { Dimension } from '@earnest/sdk/protocol'
import { forgivePenalties } from './forgive.ts'
import type { Marks } from './mark.ts'
import type { TrustParameters } from './parameters.ts'
import { dimensionKey } from './partkey.ts'
import { contribute } from './record.ts'
import { partIndex, type TrustState } from './state.ts'

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
    const standing = history.standing[row] as number
    const whole = { at, amount, forgiving, severity, standing, ...voucher }
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
        standing: 0,
      },
      parameters,
    )
  }
}
