import { grown } from './column.ts'
import type { Marks } from './mark.ts'

/**
 * Every event that bears on an agent as one row of columns, with the numbers that it had when it
 * happened: the weights of a row are never looked at again, however the graph changes.
 */
export type History = {
  count: number
  ids: string[]
  pacts: (string | null)[]
  /** Marks of the dimensions, where the row has any. */
  marks: (Marks | null)[]
  /** The capability's index, -1 for rows that are not trades. */
  capability: Int32Array
  seller: Int32Array
  buyer: Int32Array
  at: Float64Array
  amount: Float64Array
  fee: Float64Array
  /** Trust-graph weight that the row put on payer -> payee. */
  edge: Float64Array
  weight: Float64Array
  untrusted: Float64Array
  forgiving: Float64Array
  severity: Float64Array
  /** Trust of the buyer that was not the seller's own, in full vouchers; a seed's is 1. */
  standing: Float64Array
  /** What was forecast before it: of the seller alone, and of the pair. */
  forecast: Float64Array
  pairRisk: Float64Array
  undisputed: Float64Array
  disputed: Float64Array
  /** Seconds from funding to the end, -1 where unknown. */
  duration: Float64Array
  /** The seller's list price in base units, 0 where unknown. */
  listed: Float64Array
  /** Basis points awarded to the seller in a dispute that the buyer filed; -1 undecided, -2 none. */
  awarded: Int32Array
  /** 1 while the row does not count (self-dealing, withdrawn incident). */
  excluded: Uint8Array
  part: Int32Array
  earlierOfSeller: Int32Array
  earlierOfBuyer: Int32Array
}

/** No rows. */
export function createHistory(): History {
  return {
    count: 0,
    ids: [],
    pacts: [],
    marks: [],
    capability: new Int32Array(0),
    seller: new Int32Array(0),
    buyer: new Int32Array(0),
    at: new Float64Array(0),
    amount: new Float64Array(0),
    fee: new Float64Array(0),
    edge: new Float64Array(0),
    weight: new Float64Array(0),
    untrusted: new Float64Array(0),
    forgiving: new Float64Array(0),
    severity: new Float64Array(0),
    standing: new Float64Array(0),
    forecast: new Float64Array(0),
    pairRisk: new Float64Array(0),
    undisputed: new Float64Array(0),
    disputed: new Float64Array(0),
    duration: new Float64Array(0),
    listed: new Float64Array(0),
    awarded: new Int32Array(0),
    excluded: new Uint8Array(0),
    part: new Int32Array(0),
    earlierOfSeller: new Int32Array(0),
    earlierOfBuyer: new Int32Array(0),
  }
}

/** Makes room for one more row and returns its index. */
export function nextRow(history: History): number {
  growHistory(history, history.count + 1)
  return history.count++
}

/** Makes room for the rows 0 .. length - 1. */
export function growHistory(history: History, length: number): void {
  history.capability = grown(history.capability, length)
  history.seller = grown(history.seller, length)
  history.buyer = grown(history.buyer, length)
  history.at = grown(history.at, length)
  history.amount = grown(history.amount, length)
  history.fee = grown(history.fee, length)
  history.edge = grown(history.edge, length)
  history.weight = grown(history.weight, length)
  history.untrusted = grown(history.untrusted, length)
  history.forgiving = grown(history.forgiving, length)
  history.severity = grown(history.severity, length)
  history.standing = grown(history.standing, length)
  history.forecast = grown(history.forecast, length)
  history.pairRisk = grown(history.pairRisk, length)
  history.undisputed = grown(history.undisputed, length)
  history.disputed = grown(history.disputed, length)
  history.duration = grown(history.duration, length)
  history.listed = grown(history.listed, length)
  history.awarded = grown(history.awarded, length)
  history.excluded = grown(history.excluded, length)
  history.part = grown(history.part, length)
  history.earlierOfSeller = grown(history.earlierOfSeller, length)
  history.earlierOfBuyer = grown(history.earlierOfBuyer, length)
}

/** Rows of a chain, oldest first. */
export function chain(earlier: Int32Array, last: number): number[] {
  const rows: number[] = []
  for (let row = last; row >= 0; row = earlier[row] as number) rows.push(row)
  return rows.reverse()
}
