import { grown } from './column.ts'
import type { TrustFlow } from './flow.ts'

/** Numbers of one node side by side, so that a search touches one line of memory where it passes. */
export const FIELDS = 4
/** Trust that goes out for each unit of edge weight; none of whose trust is zero, or below by rounding. */
export const PASSED = 0
export const TRUST = 1
/** Edges of the node's row. */
export const LENGTH = 2
/** Room for a number of the search's own, zero between two. */
export const PART = 3

type Sheet = { revision: number; fields: Float64Array }

const sheets = new WeakMap<TrustFlow, Sheet>()

/** What a search reads of every node, laid out anew when the flow has changed: seldom, beside the searches. */
export function sheetOf(flow: TrustFlow): Float64Array {
  const { nodes, trust, total, length, revision } = flow
  let sheet = sheets.get(flow)
  if (!sheet) {
    sheet = { revision: -1, fields: new Float64Array(0) }
    sheets.set(flow, sheet)
  }
  // Nodes that came since have neither trust nor edges: zeros.
  sheet.fields = grown(sheet.fields, nodes * FIELDS)
  if (sheet.revision === revision) return sheet.fields
  sheet.revision = revision
  const { fields } = sheet
  for (let node = 0; node < nodes; node++) {
    const own = trust[node] as number
    const row = total[node] as number
    fields[node * FIELDS + PASSED] = own > 0 && row > 0 ? own / row : 0
    fields[node * FIELDS + TRUST] = own
    fields[node * FIELDS + LENGTH] = length[node] as number
  }
  return fields
}
