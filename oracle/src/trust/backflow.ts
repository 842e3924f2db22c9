import { grown } from './column.ts'
import { edgeWeight } from './flow.ts'
import type { TrustParameters } from './parameters.ts'
import { FIELDS, LENGTH, PART, PASSED, sheetOf, TRUST } from './sheet.ts'
import type { TrustState } from './state.ts'
import { gatherAbove } from './upstream.ts'

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
 *
 * This is most of what a trade costs, so it is one flat loop over columns. Whose trust is zero, or below by
 * rounding, passes nothing on.
 */
export function backflow(
  state: TrustState,
  { sources, target }: { sources: readonly number[]; target: number },
  { payeeEdge, mostVisits }: Pick<TrustParameters, 'payeeEdge' | 'mostVisits'>,
): number {
  const { flow, seeds } = state
  const { start } = flow
  const sheet = sheetOf(flow)
  // Edges that weigh the same both ways, but for a seed's: who stands above a node stands in its own row.
  const isMirrored = payeeEdge === 1
  let { target: nodes, weight: weights } = flow
  let far = 0
  for (const source of sources) far += FAR * (sheet[source * FIELDS + TRUST] as number)
  marks = grown(marks, flow.nodes)
  line = grown(line, mostVisits + 1)
  rates = grown(rates, mostVisits)
  const [mark, waiting, passed] = [marks, line, rates]
  waiting[0] = target
  mark[target] = WAITING
  sheet[target * FIELDS + PART] = 1
  for (const source of sources) mark[source] = SOURCE
  let [theirs, others, visits, end] = [0, 0, 0, 1]
  // Once those who wait use up all the work, nobody who comes behind them is ever looked at.
  let isClosed = false
  for (let least = 1 / 4; end > 0 && visits < mostVisits; least /= 4) {
    // Edges of those who wait and are followed for sure: parts only grow.
    let sure = 0
    for (let at = 0; at < end; at++) {
      const node = waiting[at] as number
      mark[node] = WAITING
      const here = node * FIELDS
      const isFollowed =
        (sheet[here + PART] as number) > least && (sheet[here + TRUST] as number) <= far
      if (isFollowed && node >= seeds) sure += sheet[here + LENGTH] as number
    }
    let kept = 0
    for (let turn = 0; turn < end && visits < mostVisits; turn++) {
      const node = waiting[turn] as number
      const here = node * FIELDS
      const amount = sheet[here + PART] as number
      if (amount <= least) {
        mark[node] = PUT_OFF
        waiting[kept++] = node
        continue
      }
      mark[node] = NOBODY
      sheet[here + PART] = 0
      if (node < seeds || (sheet[here + TRUST] as number) > far) {
        others += amount
        continue
      }
      let from = start[node] as number
      const length = sheet[here + LENGTH] as number
      let to = from + Math.min(length, mostVisits - visits)
      if (isMirrored) {
        sure -= length
        visits += to - from
      } else {
        const above = gatherAbove(state, node, payeeEdge, mostVisits - visits)
        ;[nodes, weights, from, to] = [above.nodes, above.weights, 0, above.count]
        visits += above.visits
      }
      isClosed ||= isMirrored && visits + sure >= mostVisits
      const rate = (amount * (1 - flow.alpha)) / (sheet[here + TRUST] as number)
      // The whole row first: the waits for memory fall together, where a branch after each would part them.
      const isRead = !isClosed
      if (isRead) {
        for (let at = from; at < to; at++) {
          passed[at - from] = sheet[(nodes[at] as number) * FIELDS + PASSED] as number
        }
      }
      for (let at = from; at < to; at++) {
        const above = nodes[at] as number
        const known = mark[above] as number
        if (isClosed && (known === NOBODY || known === PUT_OFF)) continue
        const weight =
          isMirrored && above < seeds ? edgeWeight(flow, above, node) : (weights[at] as number)
        const there = above * FIELDS
        const passes = isRead ? passed[at - from] : sheet[there + PASSED]
        const part = rate * weight * (passes as number)
        if (part === 0) continue
        if (known === SOURCE) {
          theirs += part
          continue
        }
        const before = sheet[there + PART] as number
        const after = before + part
        sheet[there + PART] = after
        if (known === NOBODY) {
          mark[above] = WAITING
          waiting[end++] = above
        }
        // Who crosses the line before its turn is followed.
        if (before > least || after <= least || known === PUT_OFF) continue
        if (!isMirrored || above < seeds || (sheet[there + TRUST] as number) > far) continue
        sure += sheet[there + LENGTH] as number
        isClosed ||= visits + sure >= mostVisits
      }
    }
    if (visits < mostVisits) end = kept
    if (least < LEAST) break
  }
  for (let at = 0; at < end; at++) {
    const node = waiting[at] as number
    mark[node] = NOBODY
    sheet[node * FIELDS + PART] = 0
  }
  for (const source of sources) mark[source] = NOBODY
  const ended = theirs + others
  return ended < FEWEST_ENDED ? 1 : theirs / ended
}

/** Trust beside that of all sources together at which nobody's is looked into. */
const FAR = 8
/** Part of the target's trust that has to be traced, or nothing is known of where it is from. */
const FEWEST_ENDED = 0.01
/** Parts of the target's trust below which none is followed. */
const LEAST = 1e-4

/** What a node is to a search. */
const NOBODY = 0
const WAITING = 1
const PUT_OFF = 2
const SOURCE = 3

// Scratch of a search: a mark for every node, all zero between two searches, who waits in line, and what
// those above one node pass on.
let marks = new Uint8Array(0)
let line = new Int32Array(0)
let rates = new Float64Array(0)
