import type { Audit } from './audit.ts'
import { repackRows } from './flow.ts'
import { type FullPass, fullPass } from './fullpass.ts'
import type { TrustParameters } from './parameters.ts'
import { evidenceAt } from './record.ts'
import { refresh } from './refresh.ts'
import { settleAt } from './spread.ts'
import type { TrustState } from './state.ts'

/** Graph weights may differ by rounding only. */
const TOLERANCE = 1e-9
/** So may sums of evidence, which are added up in another order. */
const EVIDENCE_TOLERANCE = 1e-6

/**
 * Computes graph weights and evidence anew from the rows, compares them with what the events kept up,
 * and goes on from the new weights, so that no drift adds up. It is an event of the log like any other:
 * whoever replays the log makes it at the same place.
 */
export function passFully(state: TrustState, parameters: TrustParameters): Audit {
  refresh(state, parameters)
  const full = fullPass(state, parameters)
  const { flow, whole, agents, history } = state
  let [trust, evidence] = [0, 0]
  for (let agent = 0; agent < agents.length; agent++) {
    trust = Math.max(trust, Math.abs((flow.trust[agent] as number) - (full.trust[agent] as number)))
    const kept = evidenceAt(whole, agent, full.at, parameters)
    evidence = Math.max(
      evidence,
      Math.abs(kept.fulfilled - (full.fulfilled[agent] as number)),
      Math.abs(kept.penalty - (full.penalty[agent] as number)),
    )
  }
  const unit = Math.abs(state.unit - full.unit)
  takeOver(state, full)
  return {
    agents: agents.length,
    trades: history.count,
    trust,
    unit,
    evidence,
    agrees: trust <= TOLERANCE && evidence <= EVIDENCE_TOLERANCE,
  }
}

/** Goes on from what a full pass found, in order: rows that moved about are laid side by side again. */
export function takeOver(state: TrustState, { trust, unit }: FullPass): void {
  settleAt(state.flow, trust)
  repackRows(state.flow)
  state.unit = unit
}
