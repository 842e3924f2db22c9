import type { TrustFlow } from './flow.ts'

/**
 * Trust at `target` that came out of any of the `sources`, however many hands it went through, without
 * passing a source again: last-exit decomposition, so that trust of the target less this is what it
 * would have if the sources bought nothing. Whom they paid themselves is always looked at; behind
 * them the largest parcels are followed first, down to `negligible` or until the work is spent.
 */
export function backflow(flow: TrustFlow, { sources, target, negligible }: BackflowQuery): number {
  const { start, length, total, weight, trust, parcel } = flow
  const pass = 1 - flow.alpha
  const touched: number[] = []
  let waiting: number[] = []
  let reached = 0
  let visits = 0
  let largest = 0
  const send = (node: number, amount: number): void => {
    const row = total[node] as number
    if (row <= 0) return
    const share = (pass * amount) / row
    const from = start[node] as number
    const end = from + (length[node] as number)
    visits += end - from
    for (let at = from; at < end; at++) {
      const to = flow.target[at] as number
      const before = parcel[to] as number
      // A source passes on what it holds once, whatever comes back to it.
      if (before < 0) continue
      const arriving = share * (weight[at] as number)
      if (to === target) reached += arriving
      if (before === 0) touched.push(to)
      const after = before + arriving
      parcel[to] = after
      if (before <= negligible && after > negligible) waiting.push(to)
      if (after > largest) largest = after
    }
  }
  for (const source of sources) parcel[source] = -1
  for (const source of sources) send(source, trust[source] as number)
  const most = visits + MOST_VISITS
  const held = trust[target] as number
  for (
    let threshold = largest / 8;
    waiting.length > 0;
    threshold = Math.max(negligible, threshold / 8)
  ) {
    const later: number[] = []
    for (let at = 0; at < waiting.length; at++) {
      if (visits >= most || reached >= held) break
      const node = waiting[at] as number
      const amount = parcel[node] as number
      if (amount <= threshold && threshold > negligible) {
        later.push(node)
        continue
      }
      parcel[node] = Number.MIN_VALUE
      send(node, amount)
    }
    if (visits >= most || reached >= held) break
    waiting = later
  }
  for (const node of touched) parcel[node] = 0
  for (const source of sources) parcel[source] = 0
  return reached
}

/** Edges that are followed behind the first hands, in a market of any size. */
const MOST_VISITS = 4_000

type BackflowQuery = { sources: readonly number[]; target: number; negligible: number }
