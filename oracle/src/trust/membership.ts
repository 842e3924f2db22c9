import { createClusters, growClusters, joinClusters } from './cluster.ts'
import type { AgentStatement } from './event.ts'
import { agentIndex, type TrustState } from './state.ts'

/**
 * Learns the organisation of an agent, its wallet and who funded that. Agents of one organisation,
 * agents funded by one wallet, and the agent whose wallet that is are one cluster: they have one
 * voice, and none among themselves.
 */
export function applyStatement(state: TrustState, event: AgentStatement): void {
  const agent = agentIndex(state, event.agent)
  if (event.organization !== undefined && event.organization !== state.organization.get(agent)) {
    state.stated.set(agent, state.log.size)
  }
  const left = [
    settle(state.organization, agent, event.organization),
    settle(state.wallet, agent, event.wallet),
    settle(state.funder, agent, event.funder),
  ].some(Boolean)
  if (!left) {
    join(state, agent)
    return
  }
  state.clusters = createClusters()
  growClusters(state.clusters, state.agents.length)
  state.bearer.clear()
  for (const facts of [state.organization, state.wallet, state.funder]) {
    for (const one of facts.keys()) join(state, one)
  }
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

function join({ clusters, bearer, organization, wallet, funder }: TrustState, agent: number): void {
  for (const [kind, fact] of [
    ['organization', organization.get(agent)],
    ['purse', wallet.get(agent)],
    ['purse', funder.get(agent)],
  ] as const) {
    if (fact === undefined) continue
    const key = `${kind}:${fact}`
    const other = bearer.get(key)
    if (other === undefined) bearer.set(key, agent)
    else joinClusters(clusters, agent, other)
  }
}
