import { grown } from './column.ts'
import { FIELDS, LENGTH, PART, PASSED, sheetOf } from './sheet.ts'
import type { TrustState } from './state.ts'

/**
 * The most of the trust of `target` that can have come out of the `sources`, however many hands it went
 * through, without passing a source again: never less than the truth, and less than `precision` above it.
 * Infinity where that takes more than `mostVisits` edges. For graphs whose edges weigh the same both ways,
 * and a target that is no seed.
 *
 * It walks down the stream, largest parts first by what each is beside its node's weight. Between nodes
 * that are neither seed nor source a step from `a` to `b` is as likely as one from `b` to `a` but for their
 * weights. So of parts that are nowhere more than `worst` times the weight of their node, no more than
 * `worst` times the weight of the target is still to come for each step of a walk, and a walk has
 * 1 / alpha of them. That is small as soon as the parts have left the sources' own customers, while a walk
 * up the stream would have to look at half the market.
 */
export function outflowTo(
  state: TrustState,
  { sources, target }: { sources: readonly number[]; target: number },
  { precision, mostVisits }: { precision: number; mostVisits: number },
): number {
  const { flow, seeds } = state
  const { alpha, start, target: nodes, weight, total } = flow
  const sheet = sheetOf(flow)
  marks = grown(marks, flow.nodes)
  const mark = marks
  const ahead = (total[target] as number) / alpha
  let [visits, end, arrived, most] = [0, 0, 0, Number.POSITIVE_INFINITY]
  for (const source of sources) {
    mark[source] = SOURCE
    line = grown(line, end + 1)
    const passes = sheet[source * FIELDS + PASSED] as number
    if (passes === 0) continue
    sheet[source * FIELDS + PART] = passes * (total[source] as number)
    line[end++] = source
  }
  for (let worst = 0; visits <= mostVisits && worst < Number.POSITIVE_INFINITY; ) {
    worst = 0
    for (let at = 0; at < end; at++) {
      const node = line[at] as number
      const part = (sheet[node * FIELDS + PART] as number) / (total[node] as number)
      if (part > worst) worst = part
    }
    if (worst * ahead - (sheet[target * FIELDS + PART] as number) <= precision) {
      most = arrived + worst * ahead
      break
    }
    const least = Math.max(worst / FINER, precision / ahead)
    for (let turn = 0; turn < end; turn++) {
      const node = line[turn] as number
      const here = node * FIELDS
      const part = sheet[here + PART] as number
      const each = part / (total[node] as number)
      if (each <= least) continue
      const from = start[node] as number
      const to = from + (sheet[here + LENGTH] as number)
      visits += to - from
      if (visits > mostVisits) break
      sheet[here + PART] = 0
      if (node === target) arrived += part
      const rate = (1 - alpha) * each
      line = grown(line, end + to - from)
      for (let at = from; at < to; at++) {
        const next = nodes[at] as number
        const known = mark[next]
        const passed = rate * (weight[at] as number)
        if (next < seeds || known === SOURCE || passed === 0) continue
        const there = next * FIELDS + PART
        sheet[there] = (sheet[there] as number) + passed
        if (known === WAITING) continue
        mark[next] = WAITING
        line[end++] = next
      }
    }
  }
  for (let at = 0; at < end; at++) {
    const node = line[at] as number
    mark[node] = NOBODY
    sheet[node * FIELDS + PART] = 0
  }
  for (const source of sources) mark[source] = NOBODY
  return most
}

/** How much finer each round is than the one before, so that small parts add up before they go on. */
const FINER = 4

/** What a node is to a search. */
const NOBODY = 0
const WAITING = 1
const SOURCE = 2

// Scratch of a search: a mark for every node, all zero between two searches, and who has got a part.
let marks = new Uint8Array(0)
let line = new Int32Array(0)
