import { edgeWeight } from './flow.ts'
import type { TrustParameters } from './parameters.ts'
import type { TrustState } from './state.ts'

/**
 * Share (0..1) of the trust of `target` that came out of the `sources`, however many hands it went
 * through, without passing a source again: last-exit decomposition, so that the rest is what the target
 * would have if the sources bought nothing.
 *
 * It walks up the stream, from the target to whoever its trust is from, the largest parts first: sybils
 * have few people above them, while a source that is trusted pays half the market. A part ends at a
 * source, at a seed, or at somebody trusted so much more than all sources together that little of it can
 * be theirs. What is still under way when the work is spent, as in a ring that money circles in, is taken
 * to be theirs in the proportion of what has ended.
 */
export function backflow(
  state: TrustState,
  { sources, target }: { sources: readonly number[]; target: number },
  { payeeEdge }: Pick<TrustParameters, 'payeeEdge'>,
): number {
  const { flow, history, lastOfSeller, lastOfBuyer, seeds } = state
  const { trust, total, parcel, start, length, target: targets, weight: weights } = flow
  let far = 0
  for (const source of sources) far += FAR * (trust[source] as number)
  const touched = [target]
  let waiting = [target]
  parcel[target] = 1
  // A source ends whatever comes to it.
  for (const source of sources) parcel[source] = -1
  let [theirs, others, visits] = [0, 0, 0]
  const pass = (from: number, weight: number, rate: number): void => {
    if (weight === 0) return
    const part = (rate * weight * (trust[from] as number)) / (total[from] as number)
    const before = parcel[from] as number
    if (before < 0) {
      theirs += part
      return
    }
    if (before === 0) {
      touched.push(from)
      waiting.push(from)
    }
    parcel[from] = before + part
  }
  const climb = (node: number, amount: number): void => {
    const rate = (amount * (1 - flow.alpha)) / (trust[node] as number)
    if (payeeEdge === 1) {
      // Edges weigh the same both ways, but for a seed's: who stands above a node stands in its own row.
      const from = start[node] as number
      const end = Math.min(from + (length[node] as number), from + MOST_VISITS - visits)
      visits += end - from
      for (let at = from; at < end; at++) {
        const above = targets[at] as number
        pass(above, above < seeds ? edgeWeight(flow, above, node) : (weights[at] as number), rate)
      }
      return
    }
    const seen = new Set<number>()
    const visit = (from: number): void => {
      visits++
      if (from < 0 || seen.has(from)) return
      seen.add(from)
      pass(from, edgeWeight(flow, from, node), rate)
    }
    for (let row = lastOfSeller[node] as number; row >= 0 && visits < MOST_VISITS; ) {
      visit(history.buyer[row] as number)
      row = history.earlierOfSeller[row] as number
    }
    if (payeeEdge === 0) return
    for (let row = lastOfBuyer[node] as number; row >= 0 && visits < MOST_VISITS; ) {
      visit(history.seller[row] as number)
      row = history.earlierOfBuyer[row] as number
    }
  }
  for (let least = 1 / 4; waiting.length > 0 && visits < MOST_VISITS; least /= 4) {
    const later: number[] = []
    for (let at = 0; at < waiting.length && visits < MOST_VISITS; at++) {
      const node = waiting[at] as number
      const amount = parcel[node] as number
      if (amount <= least) {
        later.push(node)
        continue
      }
      parcel[node] = 0
      if (node < seeds || (trust[node] as number) > far) others += amount
      else climb(node, amount)
    }
    if (least < LEAST) break
    waiting = later
  }
  for (const node of touched) parcel[node] = 0
  for (const source of sources) parcel[source] = 0
  const ended = theirs + others
  return ended < FEWEST_ENDED ? 1 : theirs / ended
}

/** Trust beside that of all sources together at which nobody's is looked into. */
const FAR = 8
/** Edges that are looked at, in a market of any size. */
const MOST_VISITS = 8_000
/** Part of the target's trust that has to be traced, or nothing is known of where it is from. */
const FEWEST_ENDED = 0.01
/** Parts of the target's trust below which none is followed. */
const LEAST = 1e-4
