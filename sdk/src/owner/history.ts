import * as z from 'zod'
import { usdc } from '../protocol/money.ts'

/** What a desk remembers of its agents' trades, to know the unusual from the usual. */
export const historySchema = z.strictObject({
  /** Amounts of the last trades that were really funded, each escrow once. */
  amounts: z.array(z.strictObject({ escrowId: z.string(), amountUsdc: usdc })),
  /** Failures since the last delivery. */
  failures: z.array(z.string()),
  /** Tries that failed within trades that run. */
  retries: z.record(z.string(), z.strictObject({ count: z.int(), since: z.int() })),
  /** The last ends, and whether the money went back. */
  ends: z.array(z.strictObject({ escrowId: z.string(), isRefund: z.boolean() })),
  /** True from the alert until the rate is below the limit again. */
  isRefunding: z.boolean(),
})
export type History = z.output<typeof historySchema>

export const EMPTY: History = {
  amounts: [],
  failures: [],
  retries: {},
  ends: [],
  isRefunding: false,
}

/** When something is unusual. */
export interface TriggerPolicy {
  /** An amount above so many times the median is unusual. Default 5. */
  amountFactor: number
  /** Funded trades before there is a usual amount. Default 5. */
  amountHistory: number
  /** Failures in a row. Default 3. */
  failures: number
  /** Seconds that tries within one trade must have failed for. Default 60. */
  retrySeconds: number
  /** Share of refunds among the last ends. Default 0.3. */
  refundRate: number
  /** Ends before there is a rate. Default 5. */
  refundHistory: number
}

export const defaultTriggerPolicy: TriggerPolicy = {
  amountFactor: 5,
  amountHistory: 5,
  failures: 3,
  retrySeconds: 60,
  refundRate: 0.3,
  refundHistory: 5,
}

/** One thing that happened to a trade. */
export type Fact =
  | { type: 'funded'; escrowId: string; amountUsdc: bigint }
  | { type: 'delivered'; escrowId: string }
  | { type: 'failed'; escrowId: string }
  | { type: 'retrying'; escrowId: string; at: number }
  | { type: 'ended'; escrowId: string; isRefund: boolean }

/** What is unusual about it; `key` is the same however often it is found. */
export type Finding =
  | { reason: 'unusual_amount'; key: string; escrowId: string; medianUsdc: bigint }
  | { reason: 'repeated_failures'; key: string; escrowId: string; count: number; within: boolean }
  | { reason: 'refund_rate'; key: string; escrowId: string; refunds: number; ends: number }

/** Trades that the median and the rate look back on. */
const LOOK_BACK = 50
const ENDS = 20

/** Adds a fact to the history and names what is unusual about it. No model and no network is asked (TOL-16). */
export function weigh(
  history: History,
  fact: Fact,
  policy: TriggerPolicy,
): { history: History; finding: Finding | undefined } {
  const { escrowId } = fact
  switch (fact.type) {
    case 'funded': {
      const { amounts } = history
      if (amounts.some((each) => each.escrowId === escrowId)) return { history, finding: undefined }
      const { amountUsdc } = fact
      const next = {
        ...history,
        amounts: [...amounts, { escrowId, amountUsdc }].slice(-LOOK_BACK),
      }
      const medianUsdc = medianOf(amounts.map((each) => each.amountUsdc))
      const limit = medianUsdc * BigInt(Math.round(policy.amountFactor * 1000))
      const isUsual = amounts.length < policy.amountHistory || amountUsdc * 1000n <= limit
      const key = `amount/${escrowId}`
      const finding = { reason: 'unusual_amount', key, escrowId, medianUsdc } as const
      return { history: next, finding: isUsual ? undefined : finding }
    }
    case 'delivered':
      return { history: { ...settled(history, escrowId), failures: [] }, finding: undefined }
    case 'failed': {
      if (history.failures.includes(escrowId)) return { history, finding: undefined }
      const failures = [...history.failures, escrowId]
      const next = { ...settled(history, escrowId), failures: failures.slice(0, 100) }
      // At the limit and not above it: a run of failures is one alert (API-18).
      if (failures.length !== policy.failures) return { history: next, finding: undefined }
      const key = `failures/${failures[0]}`
      const count = failures.length
      const finding = { reason: 'repeated_failures', key, escrowId, count, within: false } as const
      return { history: next, finding }
    }
    case 'retrying': {
      const before = history.retries[escrowId] ?? { count: 0, since: fact.at }
      const retry = { ...before, count: before.count + 1 }
      const next = { ...history, retries: { ...history.retries, [escrowId]: retry } }
      const lasts = fact.at - retry.since >= policy.retrySeconds
      if (retry.count < policy.failures || !lasts) return { history: next, finding: undefined }
      const { count } = retry
      const key = `retries/${escrowId}`
      const finding = { reason: 'repeated_failures', key, escrowId, count, within: true } as const
      return { history: next, finding }
    }
    case 'ended': {
      if (history.ends.some((each) => each.escrowId === escrowId)) {
        return { history, finding: undefined }
      }
      const ends = [...history.ends, { escrowId, isRefund: fact.isRefund }].slice(-ENDS)
      const refunds = ends.filter(({ isRefund }) => isRefund).length
      const isHigh =
        ends.length >= policy.refundHistory && refunds / ends.length > policy.refundRate
      const next = { ...settled(history, escrowId), ends, isRefunding: isHigh }
      if (!isHigh || history.isRefunding) return { history: next, finding: undefined }
      const counts = { refunds, ends: ends.length }
      const key = `refunds/${escrowId}`
      return { history: next, finding: { reason: 'refund_rate', key, escrowId, ...counts } }
    }
  }
}

function settled(history: History, escrowId: string): History {
  const { [escrowId]: _, ...retries } = history.retries
  return { ...history, retries }
}

/** The middle of some amounts, the lower one of two; zero of none. */
export function medianOf(amounts: readonly bigint[]): bigint {
  const sorted = [...amounts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0n
}
