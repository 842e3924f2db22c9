import { createHash } from 'node:crypto'
import { canonicalBytes, type JsonValue } from '@earnest/sdk/protocol'
import type { TrustEvent } from './event.ts'

/**
 * The event set as an append-only Merkle tree (RFC 6962): only the peaks are kept, so that a new
 * event costs a few hashes and the root commits to all of them in their order.
 */
export type EventLog = { size: number; peaks: { height: number; hash: Uint8Array }[] }

/** No events. */
export function createEventLog(): EventLog {
  return { size: 0, peaks: [] }
}

/** Appends one event. */
export function appendEvent(log: EventLog, event: TrustEvent): void {
  let hash = leafOf(event)
  let height = 0
  for (let last = log.peaks.at(-1); last?.height === height; last = log.peaks.at(-1)) {
    log.peaks.pop()
    hash = node(last.hash, hash)
    height++
  }
  log.peaks.push({ height, hash })
  log.size++
}

/** Merkle root of all events so far, 64 hex. */
export function eventRoot({ peaks }: EventLog): string {
  if (peaks.length === 0) return createHash('sha256').digest('hex')
  const hashes = peaks.map(({ hash }) => hash)
  return Buffer.from(hashes.reduceRight((right, left) => node(left, right))).toString('hex')
}

function leafOf(event: TrustEvent): Uint8Array {
  return createHash('sha256')
    .update(Uint8Array.of(0))
    .update(canonicalBytes(wire(event)))
    .digest()
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest()
}

/** Amounts as decimal strings of base units, absent fields left out: what canonical JSON can carry. */
export function wireOfEvent(event: TrustEvent): Record<string, JsonValue> {
  return wire(event) as Record<string, JsonValue>
}

/** Fields that are amounts, wherever they stand in an event. */
const AMOUNTS = new Set([
  'amount',
  'protocolFee',
  'agreedPrice',
  'listPrice',
  'medianPrice',
  'staked',
  'free',
  'open',
  'slashed',
  'meanAmount',
])

/** The event that `wireOfEvent` wrote. */
export function eventOfWire(fact: Record<string, JsonValue>): TrustEvent {
  const read = (value: JsonValue, name?: string): unknown => {
    if (name !== undefined && AMOUNTS.has(name)) return BigInt(String(value))
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [field, read(inner as JsonValue, field)]),
    )
  }
  return read(fact) as TrustEvent
}

function wire(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([name, field]) => [name, wire(field)]))
}
