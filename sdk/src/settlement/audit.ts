import type { Pact } from '../protocol/pact.ts'
import { type Check, checkDelivery } from './check.ts'
import type { ReceivedFile } from './file.ts'

/** A seller's opinion of its own work before it hands it in (SET-11, API-09). */
export interface SelfAudit {
  meetsRequirements: boolean
  reason: string
  /** The checks that failed. */
  gaps: readonly Check[]
  /** 0 to 1. */
  score: number
}

/** How a seller judges a draft of its own. */
export type Audit = (draft: {
  pact: Pact
  milestone: number
  files: readonly ReceivedFile[]
  /** Unix seconds. */
  now: number
}) => SelfAudit | Promise<SelfAudit>

/** Audits files against the pact's own criteria: the default of a seller's `audit`. */
export function auditDeliverable(options: {
  pact: Pact
  milestone?: number
  files: readonly ReceivedFile[]
  /** Unix seconds. */
  now: number
}): SelfAudit {
  const { now: deliveredAt, ...rest } = options
  const { checks, isMet, score } = checkDelivery({ ...rest, deliveredAt })
  const gaps = checks.filter(({ outcome }) => outcome === 'fail')
  const reason = isMet
    ? 'Every criterion that can be checked here is met'
    : `Not met: ${gaps.map(({ id, code }) => `${id} (${code})`).join(', ')}`
  return { meetsRequirements: isMet, reason, gaps, score }
}
