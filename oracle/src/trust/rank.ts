/** Edges as columns: `sources[i]` passes trust to `targets[i]` with `weights[i]`. */
export type RankGraph = {
  nodes: number
  edges: number
  sources: Int32Array
  targets: Int32Array
  weights: Float64Array
  seeds: ArrayLike<number>
  /** Per node, the weight that goes back to the seeds; none where absent. */
  leak?: Float64Array
}

/**
 * Edges in the order of their targets: those of `node` stand at `start[node]` .. `start[node + 1]`,
 * each with its source and the share of the source's trust that it passes. `total` is the weight of
 * every row.
 */
export type Buckets = {
  nodes: number
  seeds: ArrayLike<number>
  leak?: Float64Array
  total: Float64Array
  start: Int32Array
  from: Int32Array
  gain: Float64Array
}

/** Personalised PageRank and the number of sweeps that it took. */
export type Ranking = { trust: Float64Array; sweeps: number }

/** Personalised PageRank of a whole graph of columns. */
export function rankGraph(
  graph: RankGraph,
  options: { alpha: number; tolerance: number },
): Ranking {
  return rankBuckets(byTarget(graph, 1 - options.alpha), options)
}

/**
 * Personalised PageRank: the full pass that the incremental flow has to equal. Sweeps in place
 * (Gauss-Seidel) and scales the sum back to 1 after each, which takes the slowest part of the error
 * away: about half the sweeps of a power iteration. Ends when a sweep moves less than `tolerance`
 * of the trust in all.
 */
export function rankBuckets(
  { nodes, seeds, leak, total, start, from, gain }: Buckets,
  { alpha, tolerance }: { alpha: number; tolerance: number },
): Ranking {
  const trust = new Float64Array(nodes)
  const isSeed = new Uint8Array(nodes)
  for (let i = 0; i < seeds.length; i++) {
    trust[seeds[i] as number] = 1 / seeds.length
    isSeed[seeds[i] as number] = 1
  }
  // Trust of rows that pass nothing on, and what leaks from the others, goes back to the seeds.
  const homeward = (node: number): number => {
    const row = total[node] as number
    return row === 0 ? 1 : (leak?.[node] ?? 0) / row
  }
  let returned = 0
  for (let node = 0; node < nodes; node++) returned += (trust[node] as number) * homeward(node)
  let sweeps = 1
  for (; sweeps < 1_000; sweeps++) {
    let moved = 0
    let mass = 0
    for (let node = 0; node < nodes; node++) {
      let sum = isSeed[node] === 1 ? (alpha + (1 - alpha) * returned) / seeds.length : 0
      const end = start[node + 1] as number
      for (let at = start[node] as number; at < end; at++) {
        sum += (gain[at] as number) * (trust[from[at] as number] as number)
      }
      const change = sum - (trust[node] as number)
      moved += change < 0 ? -change : change
      trust[node] = sum
      mass += sum
      if (total[node] === 0 || leak?.[node]) returned += change * homeward(node)
    }
    if (moved < tolerance) break
    const scale = 1 / mass
    returned *= scale
    for (let node = 0; node < nodes; node++) trust[node] = (trust[node] as number) * scale
  }
  return { trust, sweeps }
}

function byTarget(
  { nodes, edges, sources, targets, weights, seeds, leak }: RankGraph,
  pass: number,
): Buckets {
  const total = leak ? leak.slice(0, nodes) : new Float64Array(nodes)
  const start = new Int32Array(nodes + 1)
  for (let edge = 0; edge < edges; edge++) {
    const source = sources[edge] as number
    const target = targets[edge] as number
    total[source] = (total[source] as number) + (weights[edge] as number)
    start[target + 1] = (start[target + 1] as number) + 1
  }
  for (let node = 0; node < nodes; node++) {
    start[node + 1] = (start[node + 1] as number) + (start[node] as number)
  }
  const place = start.slice(0, nodes)
  const from = new Int32Array(edges)
  const gain = new Float64Array(edges)
  for (let edge = 0; edge < edges; edge++) {
    const source = sources[edge] as number
    const target = targets[edge] as number
    const at = place[target] as number
    place[target] = at + 1
    from[at] = source
    gain[at] = (pass * (weights[edge] as number)) / (total[source] as number)
  }
  return { nodes, seeds, total, start, from, gain, ...(leak ? { leak } : {}) }
}
