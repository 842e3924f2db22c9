import { createClusters, growClusters, joinClusters } from './cluster.ts'
import type { AgentStatement } from './event.ts'
import { agentIndex, type TrustState } from './state.ts'

/**
 * Learns the organisation and the first funder of an agent. Agents with one of them in common are
 * one cluster: they have one voice, and none among themselves.
 */
export function applyStatement(state: TrustState, event: AgentStatement): void {
  const agent = agentIndex(state, event.agent)
  const left = [
    settle(state.organization, agent, event.organization),
    settle(state.funder, agent, event.funder),
  ].some(Boolean)
  if (left) {
    state.clusters = createClusters()
    growClusters(state.clusters, state.agents.length)
    joinAll(state, state.organization)
    joinAll(state, state.funder)
    return
  }
  join(state, agent, state.organization)
  join(state, agent, state.funder)
}

/** Records a fact; true if an earlier one no longer holds, so that clusters may fall apart. */
function settle(
  facts: Map<number, string>,
  agent: number,
  stated: string | null | undefined,
): boolean {
  const before = facts.get(agent)
  if (stated === undefined || stated === before) return false
  if (stated === null) facts.delete(agent)
  else facts.set(agent, stated)
  return before !== undefined
}

function join(state: TrustState, agent: number, facts: Map<number, string>): void {
  const fact = facts.get(agent)
  if (fact === undefined) return
  for (const [other, theirs] of facts) {
    if (theirs === fact && other !== agent) {
      joinClusters(state.clusters, agent, other)
      return
    }
  }
}

function joinAll(state: TrustState, facts: Map<number, string>): void {
  const first = new Map<string, number>()
  for (const [agent, fact] of facts) {
    const other = first.get(fact)
    if (other === undefined) first.set(fact, agent)
    else joinClusters(state.clusters, agent, other)
  }
}
