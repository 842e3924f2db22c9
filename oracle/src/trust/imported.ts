import type { Imported } from '@earnest/sdk/protocol'
import type { ImportedRecord } from './event.ts'
import { fade } from './fade.ts'
import { weightOf } from './forecast.ts'
import { bandOf } from './market.ts'
import type { TrustParameters } from './parameters.ts'
import { type Evidence, evidenceAt } from './record.ts'
import { agentIndex, type TrustState } from './state.ts'

/** Keeps what an agent brought; of one issuer the latest only. */
export function applyImport(state: TrustState, event: ImportedRecord): void {
  const agent = agentIndex(state, event.agent)
  const others = (state.imports.get(agent) ?? []).filter(({ issuer }) => issuer !== event.issuer)
  state.imports.set(agent, [...others, event])
  state.lastChange[agent] = event.at
}

/**
 * What of an agent's imports counts beside its own evidence (`own`, in trades). All of them together are
 * a prior of at most `backOffTrades`: what went wrong comes first and in full, what went well by the
 * weight of its issuer and only where the own record leaves room, so that the same trades seen by two
 * oracles are never worth more than the cap. The good of other prices does not count.
 */
export function importedAt(
  state: TrustState,
  {
    agent,
    now,
    own,
    amount,
  }: { agent: number; now: number; own: number; amount?: number | undefined },
  { backOffTrades, backOffRatio, penaltyWeight, successHalfLife }: TrustParameters,
): Imported[] {
  const live = withoutRepeats(state.imports.get(agent) ?? [], now)
  if (live.length === 0) return []
  const most = backOffTrades / penaltyWeight
  // Each within the cap by itself too: numbers that no market has would add up to none at all.
  const wrong = live.map(({ failed }) => Math.min(most, failed))
  const kept = scaleTo(wrong, most)
  const room = Math.max(0, backOffTrades - penaltyWeight * kept.total - own)
  const reach = Math.log10(backOffRatio)
  const well = live.map(({ weight, fulfilled, meanAmount, windowUntil }) => {
    const isFar =
      amount !== undefined && Math.abs(bandOf(Number(meanAmount)) - bandOf(amount)) > reach
    if (isFar) return 0
    return weight * Math.min(backOffTrades, fulfilled * fade(now - windowUntil, successHalfLife))
  })
  const admitted = scaleTo(well, room)
  return live.map((record, i) => ({
    issuer: record.issuer,
    credentialId: record.credentialId,
    domain: record.domain,
    weight: record.weight,
    transactions: record.transactions,
    evidenceRoot: record.evidenceRoot,
    fulfilled: admitted.parts[i] as number,
    failed: kept.parts[i] as number,
    until: record.until,
  }))
}

/** The whole record of an agent: its own evidence, in trades, and what was brought beside it. */
export function wholeOf(
  state: TrustState,
  { agent, now }: { agent: number; now: number },
  parameters: TrustParameters,
): { own: number; imported: Imported[]; isRated: boolean } {
  const own = weightOf(evidenceAt(state.whole, agent, now, parameters), parameters)
  const imported = importedAt(state, { agent, now, own }, parameters)
  const brought = weightOf(evidenceOfImports(imported), parameters)
  return { own, imported, isRated: own + brought >= parameters.ratedEvidence }
}

/** The sum of what counts, as evidence. */
export function evidenceOfImports(imported: readonly Imported[]): Evidence {
  return {
    fulfilled: imported.reduce((sum, { fulfilled }) => sum + fulfilled, 0),
    untrusted: 0,
    penalty: imported.reduce((sum, { failed }) => sum + failed, 0),
  }
}

/** Live ones; of one evidence root the first only, whoever stands for it. */
function withoutRepeats(records: readonly ImportedRecord[], now: number): ImportedRecord[] {
  const roots = new Set<string>()
  return records.filter(({ until, evidenceRoot }) => {
    if (until <= now || roots.has(evidenceRoot)) return false
    roots.add(evidenceRoot)
    return true
  })
}

function scaleTo(parts: readonly number[], most: number): { parts: number[]; total: number } {
  const sum = parts.reduce((total, part) => total + part, 0)
  const share = sum > most ? most / sum : 1
  return { parts: parts.map((part) => part * share), total: sum * share }
}
