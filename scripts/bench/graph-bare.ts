/** The same graph as columns. */
export type BareGraph = {
  nodes: number
  edges: number
  sources: Int32Array
  targets: Int32Array
  weights: Float64Array
  seeds: readonly number[]
}

/**
 * A bare personalised PageRank on typed arrays, build and iterate, with nothing of the oracle: edges
 * bucketed by target with their transition probability computed once, then power iteration by
 * pulling (random reads, sequential writes), until one step moves less than `tolerance` in all.
 */
export function barePageRank(graph: BareGraph, alpha: number, tolerance: number): Float64Array {
  const { nodes, edges, sources, targets, weights, seeds } = graph
  const total = new Float64Array(nodes)
  const start = new Int32Array(nodes + 1)
  for (let edge = 0; edge < edges; edge++) {
    const source = sources[edge] as number
    const bucket = (targets[edge] as number) + 1
    total[source] = (total[source] as number) + (weights[edge] as number)
    start[bucket] = (start[bucket] as number) + 1
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
    gain[at] = ((1 - alpha) * (weights[edge] as number)) / (total[source] as number)
  }
  let rank = new Float64Array(nodes)
  let next = new Float64Array(nodes)
  for (const seed of seeds) rank[seed] = 1 / seeds.length
  for (let step = 0; step < 1_000; step++) {
    let dangling = 0
    for (let node = 0; node < nodes; node++) {
      if (total[node] === 0) dangling += rank[node] as number
    }
    for (let node = 0; node < nodes; node++) {
      let sum = 0
      const end = start[node + 1] as number
      for (let at = start[node] as number; at < end; at++) {
        sum += (gain[at] as number) * (rank[from[at] as number] as number)
      }
      next[node] = sum
    }
    for (const seed of seeds) {
      next[seed] = (next[seed] as number) + (alpha + (1 - alpha) * dangling) / seeds.length
    }
    let moved = 0
    for (let node = 0; node < nodes; node++) {
      moved += Math.abs((next[node] as number) - (rank[node] as number))
    }
    const swap = rank
    rank = next
    next = swap
    if (moved < tolerance) break
  }
  return rank
}
