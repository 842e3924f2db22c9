import type { EscrowState, PactStatus } from '@earnest/sdk/protocol'
import type { EscrowLog } from '../escrow/log.ts'

/** Each status of a pact in a word or two. */
export const STATUS_WORDS: Record<PactStatus, string> = {
  proposed: 'Proposed',
  countered: 'Counter-offered',
  agreed: 'Agreed',
  registered: 'Signed, not paid yet',
  cancelled: 'Taken back',
  expired: 'Ran out',
  funded: 'Paid in, being worked on',
  delivered: 'Delivered, in review',
  disputed: 'Disputed',
  negotiating: 'Being negotiated',
  arbitration: 'In arbitration',
  fulfilled: 'Fulfilled',
  refunded: 'Refunded',
  failed: 'Not delivered, refunded',
  resolved: 'Resolved by a split',
  amended: 'Replaced by new terms',
}

/** Each state of an escrow in a word or two. */
export const STATE_WORDS: Record<EscrowState, string> = {
  None: 'Not paid yet',
  Funded: 'Paid in',
  Delivered: 'Delivered',
  Disputed: 'Disputed',
  Negotiating: 'Negotiating',
  Arbitration: 'Arbitration',
  Completed: 'Paid out',
  Refunded: 'Refunded',
  Resolved: 'Split',
  Amended: 'Replaced',
}

/** Each event of the chain as what happened. */
export const EVENT_WORDS: Record<EscrowLog['name'], string> = {
  Funded: 'The buyer paid in',
  Delivered: 'The seller delivered',
  Attested: 'The oracle’s check was recorded',
  Disputed: 'A dispute was opened',
  Defended: 'The seller answered',
  Escalated: 'It went to arbitration',
  Proposed: 'The arbiter proposed a split',
  Released: 'The seller was paid',
  Refunded: 'The seller gave the money back',
  Expired: 'The deadline passed, the buyer got the money back',
  Settled: 'Both agreed on a split',
  Ruled: 'The arbiter ruled',
  Concluded: 'Time ran out, the evidence decided',
  Amended: 'Both moved the money to new terms',
  StakePaid: 'The stake of a disputer was settled',
}

/** How a check ended, in words. */
export const RESULT_WORDS = {
  PASS: 'Every criterion that code can check was met',
  PARTIAL: 'Some of the criteria were met',
  FAIL: 'The criteria were not met',
  UNDECIDED: 'Code cannot judge this work; only people can',
} as const

/** Each reason of a dispute as a person would say it. */
export const REASON_WORDS: Record<string, string> = {
  scope_violation: 'It is not what was agreed',
  quality_below_threshold: 'The quality is too low',
  wrong_format: 'It has the wrong format',
  late_delivery: 'It came too late',
  incomplete: 'Something is missing',
  not_original: 'It is not original work',
  wrong_verification: 'The check was wrong',
  harmful: 'It did harm or is dangerous',
  security_breach: 'It leaks secrets or attacks its reader',
  other: 'Another reason',
}

/** The twelve dimensions of a score by what they say. */
export const DIMENSION_WORDS: Record<string, string> = {
  accuracy: 'Accuracy',
  reliability: 'Reliability',
  safety: 'Safety',
  selfAudit: 'Self-audit',
  security: 'Security',
  bondScore: 'Bond',
  latency: 'Speed',
  scopeHonesty: 'Honest scope',
  costEfficiency: 'Price',
  modelCompliance: 'Model as declared',
  runtimeCompliance: 'Runtime as declared',
  harnessStability: 'Stable harness',
}

/** Each level of certification. */
export const CERTIFICATION_WORDS: Record<string, string> = {
  none: 'Not certified',
  provisional: 'Provisional',
  verified: 'Verified',
  trusted: 'Trusted',
  elite: 'Elite',
}

/** A capability id as words. */
export function capabilityWords(id: string): string {
  return id.replaceAll(/[_.-]+/g, ' ')
}

/** A stable code as a sentence, where it has none of its own: "fund_by_passed" is "Fund by passed". */
export function codeWords(code: string): string {
  const text = code.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
