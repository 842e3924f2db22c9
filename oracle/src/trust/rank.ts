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
 * each with its source and its weight. `total` is the weight of every row.
 */
export type Buckets = {
  nodes: number
  seeds: ArrayLike<number>
  leak?: Float64Array
  total: Float64Array
  start: Int32Array
  from: Int32Array
  weight: Float64Array
}

/** Personalised PageRank and the number of sweeps that it took. */
export type Ranking = { trust: Float64Array; sweeps: number }

/** Personalised PageRank of a whole graph of columns. */
export function rankGraph(
  graph: RankGraph,
  options: { alpha: number; tolerance: number },
): Ranking {
  return rankBuckets(byTarget(graph), options)
}

/**
 * Personalised PageRank: the full pass that the incremental flow has to equal. Sweeps in place
 * (Gauss-Seidel) and scales the sum back to 1 after each, which takes the slowest part of the error
 * away: about half the sweeps of a power iteration. Ends when a sweep moves less than `tolerance`
 * of the trust in all.
 */
export function rankBuckets(
  { nodes, seeds, leak, total, start, from, weight }: Buckets,
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
  // What a node passes on for each unit of edge weight: its trust times its rate.
  const rate = new Float64Array(nodes)
  const passed = new Float64Array(nodes)
  let returned = 0
  for (let node = 0; node < nodes; node++) {
    const row = total[node] as number
    rate[node] = row > 0 ? (1 - alpha) / row : 0
    passed[node] = (trust[node] as number) * (rate[node] as number)
    returned += (trust[node] as number) * homeward(node)
  }
  let sweeps = 1
  for (; sweeps < 1_000; sweeps++) {
    let moved = 0
    let mass = 0
    for (let node = 0; node < nodes; node++) {
      let sum = isSeed[node] === 1 ? (alpha + (1 - alpha) * returned) / seeds.length : 0
      const end = start[node + 1] as number
      for (let at = start[node] as number; at < end; at++) {
        sum += (weight[at] as number) * (passed[from[at] as number] as number)
      }
      const change = sum - (trust[node] as number)
      moved += change < 0 ? -change : change
      trust[node] = sum
      passed[node] = sum * (rate[node] as number)
      mass += sum
      if (total[node] === 0 || leak?.[node]) returned += change * homeward(node)
    }
    if (moved < tolerance) break
    const scale = 1 / mass
    returned *= scale
    for (let node = 0; node < nodes; node++) {
      trust[node] = (trust[node] as number) * scale
      passed[node] = (passed[node] as number) * scale
    }
  }
  return { trust, sweeps }
}

function byTarget({ nodes, edges, sources, targets, weights, seeds, leak }: RankGraph): Buckets {
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
  const weight = new Float64Array(edges)
  for (let edge = 0; edge < edges; edge++) {
    const target = targets[edge] as number
    const at = place[target] as number
    place[target] = at + 1
    from[at] = sources[edge] as number
    weight[at] = weights[edge] as number
  }
  return { nodes, seeds, total, start, from, weight, ...(leak ? { leak } : {}) }
}
