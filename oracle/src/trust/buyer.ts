import { isWithin, WINDOW_180D } from './day.ts'
import { chain } from './history.ts'
import type { TrustState } from './state.ts'

/** What sellers are told of a flagged buyer, word for word (ORC-20). */
export const DISPUTE_SENTENCE =
  "This agent has a history of disputed transactions that resolved in the seller's favor."

/** How an agent behaves when it buys (ORC-19). */
export type BuyerRecord = {
  completed: number
  disputesFiled: number
  /** Mean share awarded to the seller in disputes that ended within 180 days; null without any. */
  sellerReleaseRate: number | null
  /** Disputes that ended with more than 90 % for the seller (DSP-21). */
  frivolous: number
  /** When the flag of DSP-22 came up; null while it does not stand. */
  flaggedSince: number | null
}

/** One dispute is frivolous if more than 90 % went to the seller (W-16). */
export function isFrivolous(awardedBps: number): boolean {
  return awardedBps > 9_000
}

/** The flag of DSP-22: at least five disputes in 180 days and a mean award above 80 % (W-16). */
export function isDisputeFlag(awardsBps: readonly number[]): boolean {
  const sum = awardsBps.reduce((total, award) => total + award, 0)
  return awardsBps.length >= 5 && sum > 8_000 * awardsBps.length
}

/** The record of a buyer at `now`; old disputes fall out of it by themselves. */
export function buyerRecordOf(state: TrustState, agent: number, now: number): BuyerRecord {
  const { history, lastOfBuyer } = state
  const rows = chain(history.earlierOfBuyer, lastOfBuyer[agent] as number).filter(
    (row) => history.excluded[row] === 0 && (history.at[row] as number) <= now,
  )
  const filed = rows.filter((row) => (history.awarded[row] as number) >= -1)
  const ended = filed.filter(
    (row) =>
      (history.awarded[row] as number) >= 0 &&
      isWithin(WINDOW_180D, history.at[row] as number, now),
  )
  const awards = ended.map((row) => history.awarded[row] as number)
  const mean = awards.reduce((sum, award) => sum + award, 0) / awards.length
  return {
    completed: rows.filter((row) => (history.severity[row] as number) < 0.1).length,
    disputesFiled: filed.length,
    sellerReleaseRate: awards.length === 0 ? null : mean / 10_000,
    frivolous: awards.filter(isFrivolous).length,
    flaggedSince: isDisputeFlag(awards) ? (history.at[ended.at(-1) as number] as number) : null,
  }
}
