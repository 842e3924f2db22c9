import type { Dimension } from '@earnest/sdk/protocol'
import { grown } from './column.ts'
import { contributeRow } from './contribute.ts'
import type { Incident, Observation } from './event.ts'
import { nextRow } from './history.ts'
import type { Marks } from './mark.ts'
import type { TrustParameters } from './parameters.ts'
import { penalise } from './penalise.ts'
import type { PenaltyKind } from './penalty.ts'
import { refoldSeller } from './refold.ts'
import { agentIndex, type TrustState } from './state.ts'

/** What an upheld incident bears on, and the penalty that it carries. */
export const CLASSES: Record<Incident['class'], { dimension: Dimension; penalty: PenaltyKind }> = {
  harm: { dimension: 'safety', penalty: 'harmIncident' },
  security: { dimension: 'security', penalty: 'securityIncident' },
  slashing: { dimension: 'accuracy', penalty: 'disputeLost' },
  quality: { dimension: 'accuracy', penalty: 'poorQuality' },
}

/** Counts an incident against its agent at once, or withdraws the one of the same id (severity 0). */
export function applyIncident(
  state: TrustState,
  event: Incident,
  parameters: TrustParameters,
): number {
  const agent = agentIndex(state, event.agent)
  state.lastChange[agent] = event.at
  const earlier = state.incidents.get(event.incidentId)?.row
  if (earlier !== undefined) {
    state.history.excluded[earlier] = event.severity > 0 ? 0 : 1
    refoldSeller(state, agent, parameters)
    return earlier
  }
  if (event.severity <= 0) return -1
  const { dimension, penalty } = CLASSES[event.class]
  const marks = { [dimension]: 1 - event.severity }
  const row = addRow(state, { id: event.incidentId, agent, at: event.at, marks })
  const { class: kind, severity, reason } = event
  state.incidents.set(event.incidentId, { row, class: kind, severity, reason })
  contributeRow(state, row, parameters)
  penalise(state, agent, row, [penalty])
  return row
}

/** An upheld incident as it is told. */
export type ToldIncident = Pick<Incident, 'incidentId' | 'at' | 'class' | 'severity' | 'reason'>

/** The incidents that stand against an agent, the oldest first. */
export function incidentsOf({ history, incidents }: TrustState, agent: number): ToldIncident[] {
  return [...incidents].flatMap(([incidentId, { row, ...told }]) =>
    history.seller[row] === agent && history.excluded[row] === 0
      ? [{ incidentId, at: history.at[row] as number, ...told }]
      : [],
  )
}

/** Counts one observation of a dimension (a reply against its SLA, a heartbeat). */
export function applyObservation(
  state: TrustState,
  event: Observation,
  parameters: TrustParameters,
): number {
  const agent = agentIndex(state, event.agent)
  const marks = { [event.dimension]: Math.min(1, Math.max(0, event.mark)) }
  const row = addRow(state, { id: 'observation', agent, at: event.at, marks })
  // One observation is a small thing beside a trade.
  state.history.untrusted[row] = parameters.untrustedVoucher
  contributeRow(state, row, parameters)
  return row
}

function addRow(
  state: TrustState,
  { id, agent, at, marks }: { id: string; agent: number; at: number; marks: Marks | null },
): number {
  const { history } = state
  const row = nextRow(history)
  history.ids[row] = id
  history.pacts[row] = null
  history.marks[row] = marks
  history.capability[row] = -1
  history.seller[row] = agent
  history.buyer[row] = -1
  history.at[row] = at
  history.awarded[row] = -2
  history.duration[row] = -1
  history.part[row] = -1
  history.earlierOfBuyer[row] = -1
  history.earlierOfSeller[row] = state.lastOfSeller[agent] as number
  state.lastOfSeller[agent] = row
  state.earlierOfPair = grown(state.earlierOfPair, row + 1)
  state.earlierOfPair[row] = -1
  return row
}
