import { grown } from './column.ts'
import { fade } from './fade.ts'
import type { TrustParameters } from './parameters.ts'

/**
 * Decayed evidence of many subjects as columns: `fulfilled` (P), `untrusted` (Z), `penalty` (Q),
 * `loss` (base units still open), `at` (when the decay was last applied, unix seconds; 0 = never).
 */
export type Records = {
  fulfilled: Float64Array
  untrusted: Float64Array
  penalty: Float64Array
  loss: Float64Array
  /** Open penalties by the word of who suffered them (at most 1), and that times their standing. */
  grievance: Float64Array
  gravity: Float64Array
  at: Float64Array
}

/** What one event adds to a record; an event keeps these numbers for ever. */
export type Contribution = {
  at: number
  /** Weight of the fulfilled part (w), and of a voucher without a trust path. */
  weight: number
  untrusted: number
  /** Trusted deliveries forgive: how much of one this event is worth. */
  forgiving: number
  severity: number
  /** Own trust of the counterparty, in full vouchers. */
  standing: number
  amount: number
}

/** The evidence of one record at one instant. */
export type Evidence = { fulfilled: number; untrusted: number; penalty: number }

/** No records yet. */
export function createRecords(): Records {
  return {
    fulfilled: new Float64Array(0),
    untrusted: new Float64Array(0),
    penalty: new Float64Array(0),
    loss: new Float64Array(0),
    grievance: new Float64Array(0),
    gravity: new Float64Array(0),
    at: new Float64Array(0),
  }
}

/** Makes room for the records 0 .. count - 1. */
export function growRecords(records: Records, count: number): void {
  records.fulfilled = grown(records.fulfilled, count)
  records.untrusted = grown(records.untrusted, count)
  records.penalty = grown(records.penalty, count)
  records.loss = grown(records.loss, count)
  records.grievance = grown(records.grievance, count)
  records.gravity = grown(records.gravity, count)
  records.at = grown(records.at, count)
}

/** Forgets everything of one record. */
export function clearRecord(records: Records, index: number): void {
  records.fulfilled[index] = 0
  records.untrusted[index] = 0
  records.penalty[index] = 0
  records.loss[index] = 0
  records.grievance[index] = 0
  records.gravity[index] = 0
  records.at[index] = 0
}

/** Adds one event: fulfilled trades fade with time, penalties only with trusted deliveries. */
export function contribute(
  records: Records,
  index: number,
  event: Contribution,
  parameters: TrustParameters,
): void {
  const since = records.at[index] as number
  const kept = since === 0 ? 0 : fade(event.at - since, parameters.successHalfLife)
  // What becomes known late has faded since it happened.
  const late = fade(since - event.at, parameters.successHalfLife)
  const { weight, untrusted } = event
  records.fulfilled[index] = (records.fulfilled[index] as number) * kept + weight * late
  records.untrusted[index] = (records.untrusted[index] as number) * kept + untrusted * late
  const open = event.forgiving > 0 ? fade(event.forgiving * parameters.forgiveness, 1) : 1
  records.penalty[index] = (records.penalty[index] as number) * open + event.severity
  records.loss[index] = (records.loss[index] as number) * open + event.severity * event.amount
  const grievance = event.severity * Math.min(1, event.standing)
  records.grievance[index] = (records.grievance[index] as number) * open + grievance
  const gravity = grievance * event.standing
  records.gravity[index] = (records.gravity[index] as number) * open + gravity
  records.at[index] = Math.max(since, event.at)
}

/** The evidence at `now`; untrusted vouchers count together at most as much as the cap. */
export function evidenceAt(
  records: Records,
  index: number,
  now: number,
  parameters: TrustParameters,
): Evidence {
  const since = records.at[index] ?? 0
  if (since === 0) return { fulfilled: 0, untrusted: 0, penalty: 0 }
  const kept = fade(now - since, parameters.successHalfLife)
  return {
    fulfilled: (records.fulfilled[index] as number) * kept,
    untrusted: capped((records.untrusted[index] as number) * kept, parameters.untrustedCap),
    penalty: records.penalty[index] as number,
  }
}

/** Two lots of evidence as one. */
export function added(one: Evidence, other: Evidence): Evidence {
  return {
    fulfilled: one.fulfilled + other.fulfilled,
    untrusted: one.untrusted + other.untrusted,
    penalty: one.penalty + other.penalty,
  }
}

function capped(value: number, cap: number): number {
  return cap * (1 - Math.exp(-value / cap))
}
