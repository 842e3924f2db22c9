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

/** Personalised PageRank with its row sums and the number of sweeps that it took. */
export type Ranking = { trust: Float64Array; total: Float64Array; sweeps: number }

/**
 * Personalised PageRank of a whole graph: the full pass that the incremental flow has to equal.
 * Edges are bucketed by target and swept in place (Gauss-Seidel), which needs about half the sweeps
 * of a power iteration. Ends when one sweep moves less than `tolerance` of the trust in all.
 */
export function rankGraph(
  graph: RankGraph,
  { alpha, tolerance }: { alpha: number; tolerance: number },
): Ranking {
  const { nodes, edges, sources, targets, weights } = graph
  const pass = 1 - alpha
  const total = graph.leak ? graph.leak.slice(0, nodes) : new Float64Array(nodes)
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
    const target = targets[edge] as number
    const at = place[target] as number
    place[target] = at + 1
    from[at] = sources[edge] as number
    gain[at] = weights[edge] as number
  }

  const seedShare = new Float64Array(nodes)
  for (let i = 0; i < graph.seeds.length; i++) {
    const seed = graph.seeds[i] as number
    seedShare[seed] = (seedShare[seed] as number) + 1 / graph.seeds.length
  }
  // What a node passes on for each unit of its own trust and of edge weight.
  const rate = new Float64Array(nodes)
  const back = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    const row = total[node] as number
    rate[node] = row > 0 ? pass / row : 0
    back[node] = row > 0 ? (pass * (graph.leak?.[node] ?? 0)) / row : pass
  }

  const trust = new Float64Array(nodes)
  const passed = new Float64Array(nodes)
  let returned = 0
  let sweeps = 0
  for (; sweeps < 1_000; sweeps++) {
    let moved = 0
    for (let node = 0; node < nodes; node++) {
      let sum = (seedShare[node] as number) * (alpha + returned)
      const end = start[node + 1] as number
      for (let at = start[node] as number; at < end; at++) {
        sum += (gain[at] as number) * (passed[from[at] as number] as number)
      }
      const change = sum - (trust[node] as number)
      if (change === 0) continue
      moved += change < 0 ? -change : change
      trust[node] = sum
      passed[node] = sum * (rate[node] as number)
      const home = back[node] as number
      if (home !== 0) returned += home * change
    }
    if (moved < tolerance) break
  }
  return { trust, total, sweeps: sweeps + 1 }
}
