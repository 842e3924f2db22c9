import { grown } from './column.ts'

/** Agents known to act as one, as a union-find whose clusters list their members. */
export type Clusters = {
  count: number
  parent: Int32Array
  /** Members of every cluster with more than one, by root. */
  members: Map<number, number[]>
}

/** Everybody alone. */
export function createClusters(): Clusters {
  return { count: 0, parent: new Int32Array(0), members: new Map() }
}

/** Makes room for the agents 0 .. count - 1. */
export function growClusters(clusters: Clusters, count: number): void {
  if (count <= clusters.count) return
  clusters.parent = grown(clusters.parent, count)
  for (let agent = clusters.count; agent < count; agent++) clusters.parent[agent] = agent
  clusters.count = count
}

/** The agent that stands for the whole cluster. */
export function clusterOf({ parent }: Clusters, agent: number): number {
  let root = agent
  while (parent[root] !== root) root = parent[root] as number
  for (let at = agent; at !== root; ) {
    const next = parent[at] as number
    parent[at] = root
    at = next
  }
  return root
}

/** Everybody in the agent's cluster, itself included. */
export function membersOf(clusters: Clusters, agent: number): readonly number[] {
  return clusters.members.get(clusterOf(clusters, agent)) ?? [agent]
}

/** Makes one cluster of two; the lower root stays. False if they were one already. */
export function joinClusters(clusters: Clusters, left: number, right: number): boolean {
  const a = clusterOf(clusters, left)
  const b = clusterOf(clusters, right)
  if (a === b) return false
  const root = Math.min(a, b)
  const child = Math.max(a, b)
  const joint = [...membersOf(clusters, root), ...membersOf(clusters, child)]
  clusters.parent[child] = root
  clusters.members.delete(child)
  clusters.members.set(root, joint)
  return true
}
