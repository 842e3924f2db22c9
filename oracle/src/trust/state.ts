import type { Audit } from './audit.ts'
import { type Clusters, createClusters, growClusters } from './cluster.ts'
import { grown } from './column.ts'
import type { BondStatement, ImportedRecord, Incident } from './event.ts'
import { createEventLog, type EventLog } from './eventlog.ts'
import { createTrustFlow, growFlow, type TrustFlow } from './flow.ts'
import { createHabits, growHabits, type Habits } from './habit.ts'
import { createHistory, type History } from './history.ts'
import { createMarket, type Market } from './market.ts'
import { createPairTable, internPair, type PairTable } from './pairtable.ts'
import type { TrustParameters } from './parameters.ts'
import type { Penalty } from './penalty.ts'
import { createRecalibration, type Recalibration } from './recalibration.ts'
import { createRecords, growRecords, type Records } from './record.ts'
import type { Review } from './review.ts'

/** What two agents did with each other, one entry per ordered pair of buyer and seller. */
export type Deals = {
  pairs: PairTable
  fulfilled: Float64Array
  failed: Float64Array
  fee: Float64Array
  /** Vouchers, in full ones. */
  given: Float64Array
  /** Largest fulfilled amount, base units. */
  largest: Float64Array
  lastRow: Int32Array
}

/** Narrower records of one agent: per capability and price band, and per dimension. */
export type Parts = {
  table: PairTable
  records: Records
  next: Int32Array
  /** First part of every agent, as index + 1. */
  head: Int32Array
}

/** A flag on a pair or a group, with its reasons and what it did (REP-18 to REP-23). */
export type Flag = {
  flagId: string
  kind: 'inter-org self-dealing' | 'self-dealing' | 'wash ring'
  agents: string[]
  organizations: string[]
  signals: Signal[]
  at: number
  /** Rows that do not count while the flag stands. */
  rows: number[]
  status: 'standing' | 'lifted'
}

/** One reason for a flag. Two of different groups are needed at the least. */
export type Signal = {
  name: 'frequency' | 'organization' | 'funding' | 'uniform' | 'instant' | 'closed'
  detail: string
}

/** Everything that the model knows: plain data that can be cloned, stored and restored. */
export type TrustState = {
  seeds: number
  agents: string[]
  indexOf: Map<string, number>
  capabilities: string[]
  capabilityOf: Map<string, number>
  flow: TrustFlow
  /** Trust of one full voucher; kept from one refresh to the next. */
  unit: number
  events: number
  /** Rows whose edges go into (1) or out of (-1) the trust graph at the next refresh. */
  pending: { row: number; sign: 1 | -1 }[]
  clusters: Clusters
  organization: Map<number, string>
  funder: Map<number, string>
  wallet: Map<number, string>
  /** When an agent stated its organisation, by the number of the event. */
  stated: Map<number, number>
  /** Somebody with this organisation, wallet or funder: where whoever shares it joins. */
  bearer: Map<string, number>
  whole: Records
  parts: Parts
  habits: Habits
  history: History
  lastOfSeller: Int32Array
  lastOfBuyer: Int32Array
  earlierOfPair: Int32Array
  deals: Deals
  /** Row of the latest failure of an agent, -1 for none; who has forgiven it since. */
  lastFailure: Int32Array
  forgiven: { pairs: PairTable; row: Int32Array }
  market: Market
  recalibration: Recalibration
  pairRecalibration: Recalibration
  penalties: Map<number, Penalty[]>
  bonds: Map<number, BondStatement>
  /** What an agent brought from other oracles, one for each issuer. */
  imports: Map<number, ImportedRecord[]>
  /** Protocol fees that an agent has paid as a buyer, base units. */
  paid: Float64Array
  /** Vouchers that an agent has given as a buyer, in full ones. */
  given: Float64Array
  lastSettled: Float64Array
  lastActive: Float64Array
  lastChange: Float64Array
  flags: Map<string, Flag>
  /** Ids of the flags that name an agent. */
  flagsOf: Map<number, Set<string>>
  reviews: Review[]
  openReviews: Set<string>
  incidents: Map<string, { row: number } & Pick<Incident, 'class' | 'severity' | 'reason'>>
  /** What the latest full pass found; null before the first. */
  audit: Audit | null
  log: EventLog
}

/** The state before any event; seeds are the agents with the lowest indices. */
export function createTrustState(
  seeds: readonly string[],
  parameters: TrustParameters,
): TrustState {
  const state: TrustState = {
    seeds: seeds.length,
    agents: [],
    indexOf: new Map(),
    capabilities: [],
    capabilityOf: new Map(),
    flow: createTrustFlow({ alpha: parameters.alpha, seeds: seeds.length }),
    unit: 0,
    events: 0,
    pending: [],
    clusters: createClusters(),
    organization: new Map(),
    funder: new Map(),
    wallet: new Map(),
    stated: new Map(),
    bearer: new Map(),
    whole: createRecords(),
    parts: {
      table: createPairTable(),
      records: createRecords(),
      next: new Int32Array(0),
      head: new Int32Array(0),
    },
    habits: createHabits(),
    history: createHistory(),
    lastOfSeller: new Int32Array(0),
    lastOfBuyer: new Int32Array(0),
    earlierOfPair: new Int32Array(0),
    deals: {
      pairs: createPairTable(),
      fulfilled: new Float64Array(0),
      failed: new Float64Array(0),
      fee: new Float64Array(0),
      given: new Float64Array(0),
      largest: new Float64Array(0),
      lastRow: new Int32Array(0),
    },
    lastFailure: new Int32Array(0),
    forgiven: { pairs: createPairTable(), row: new Int32Array(0) },
    market: createMarket(),
    recalibration: createRecalibration(),
    pairRecalibration: createRecalibration(),
    penalties: new Map(),
    bonds: new Map(),
    imports: new Map(),
    paid: new Float64Array(0),
    given: new Float64Array(0),
    lastSettled: new Float64Array(0),
    lastActive: new Float64Array(0),
    lastChange: new Float64Array(0),
    flags: new Map(),
    flagsOf: new Map(),
    reviews: [],
    openReviews: new Set(),
    incidents: new Map(),
    audit: null,
    log: createEventLog(),
  }
  for (const seed of seeds) agentIndex(state, seed)
  return state
}

/** Index of an agent, which is added if it is new. */
export function agentIndex(state: TrustState, agent: string): number {
  const known = state.indexOf.get(agent)
  if (known !== undefined) return known
  const index = state.agents.length
  state.agents.push(agent)
  state.indexOf.set(agent, index)
  const count = index + 1
  growFlow(state.flow, count)
  growClusters(state.clusters, count)
  growRecords(state.whole, count)
  growHabits(state.habits, count)
  state.parts.head = grown(state.parts.head, count)
  state.lastOfSeller = grown(state.lastOfSeller, count)
  state.lastOfBuyer = grown(state.lastOfBuyer, count)
  state.lastFailure = grown(state.lastFailure, count)
  state.paid = grown(state.paid, count)
  state.given = grown(state.given, count)
  state.lastSettled = grown(state.lastSettled, count)
  state.lastActive = grown(state.lastActive, count)
  state.lastChange = grown(state.lastChange, count)
  state.lastOfSeller[index] = -1
  state.lastOfBuyer[index] = -1
  state.lastFailure[index] = -1
  return index
}

/** Index of a capability, which is added if it is new. */
export function capabilityIndex(state: TrustState, capability: string): number {
  const known = state.capabilityOf.get(capability)
  if (known !== undefined) return known
  const index = state.capabilities.length
  state.capabilities.push(capability)
  state.capabilityOf.set(capability, index)
  return index
}

/** Entry of an ordered pair, which is added if it is new. */
export function dealIndex({ deals }: TrustState, buyer: number, seller: number): number {
  const entry = internPair(deals.pairs, buyer, seller)
  deals.fulfilled = grown(deals.fulfilled, entry + 1)
  deals.failed = grown(deals.failed, entry + 1)
  deals.fee = grown(deals.fee, entry + 1)
  deals.given = grown(deals.given, entry + 1)
  deals.largest = grown(deals.largest, entry + 1)
  // Rows are kept as index + 1, so that 0 means none.
  deals.lastRow = grown(deals.lastRow, entry + 1)
  return entry
}

/** Entry of a narrower record of an agent, which is added if it is new. */
export function partIndex({ parts }: TrustState, agent: number, key: number): number {
  const before = parts.table.size
  const part = internPair(parts.table, agent, key)
  if (part < before) return part
  growRecords(parts.records, part + 1)
  parts.next = grown(parts.next, part + 1)
  parts.next[part] = parts.head[agent] as number
  parts.head[agent] = part + 1
  return part
}

/** Calls `visit(part, key)` for every narrower record of the agent. */
export function forEachPart(
  { parts }: TrustState,
  agent: number,
  visit: (part: number, key: number) => void,
): void {
  for (let link = parts.head[agent] as number; link > 0; ) {
    const part = link - 1
    visit(part, parts.table.right[part] as number)
    link = parts.next[part] as number
  }
}
