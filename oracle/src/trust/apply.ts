import { detect, liftFlag } from './anomaly.ts'
import type { BondStatement, TrustEvent } from './event.ts'
import { appendEvent } from './eventlog.ts'
import { applyImport } from './imported.ts'
import { applyIncident, applyObservation } from './incident.ts'
import { applyStatement } from './membership.ts'
import type { TrustParameters } from './parameters.ts'
import { passFully } from './passFully.ts'
import { applyRuledClaim } from './recourse.ts'
import { applySettled } from './settle.ts'
import { agentIndex, type Flag, type TrustState } from './state.ts'

/** What an event did: flags that it raised, and whose answers are no longer what they were. */
export type Applied = { flags: Flag[]; changed: string[] }

/** Moves the model by one event and commits to it in the event log. */
export function applyEvent(
  state: TrustState,
  event: TrustEvent,
  parameters: TrustParameters,
): Applied {
  appendEvent(state.log, event)
  switch (event.kind) {
    case 'settled': {
      const row = applySettled(state, event, parameters)
      const flags = row < 0 ? [] : detect(state, row, parameters)
      const changed = new Set([event.buyer, event.seller, ...flags.flatMap(({ agents }) => agents)])
      return { flags, changed: [...changed] }
    }
    case 'agent':
      applyStatement(state, event)
      return { flags: [], changed: [event.agent] }
    case 'claim':
      applyRuledClaim(state, event, parameters)
      return { flags: [], changed: [event.buyer, event.seller] }
    case 'incident':
      applyIncident(state, event, parameters)
      return { flags: [], changed: [event.agent] }
    case 'observation':
      applyObservation(state, event, parameters)
      return { flags: [], changed: [event.agent] }
    case 'appeal': {
      const flag = state.flags.get(event.flagId)
      if (flag && event.upheld) liftFlag(state, event.flagId, parameters)
      for (const agent of flag?.agents ?? []) {
        state.lastChange[agentIndex(state, agent)] = event.at
      }
      return { flags: [], changed: flag?.agents ?? [] }
    }
    case 'bond':
      applyBond(state, event)
      return { flags: [], changed: [event.agent] }
    case 'import':
      applyImport(state, event)
      return { flags: [], changed: [event.agent] }
    case 'pass':
      state.audit = passFully(state, parameters)
      return { flags: [], changed: [] }
    case 'activity': {
      const agent = agentIndex(state, event.agent)
      state.lastActive[agent] = Math.max(state.lastActive[agent] as number, event.at)
      return { flags: [], changed: [event.agent] }
    }
  }
}

function applyBond(state: TrustState, event: BondStatement): void {
  const agent = agentIndex(state, event.agent)
  state.bonds.set(agent, { ...state.bonds.get(agent), ...event })
  state.lastChange[agent] = event.at
}
