import assert from 'node:assert/strict'
import type { Holder, Market } from './market.ts'

/** What one transaction moves, in base units; who is not named neither gains nor loses. */
export type Moves = Partial<Record<Holder, bigint>>

/**
 * Receipt gas of one transaction, after every balance and accrual was found above zero on both sides
 * of it and the moves were found to be exactly these.
 */
export async function measure(
  market: Market,
  moves: Moves,
  transaction: () => Promise<bigint>,
): Promise<number> {
  const before = await market.holdings()
  const gas = await transaction()
  const after = await market.holdings()
  for (const holder of Object.keys(before) as Holder[]) {
    assert.ok(before[holder] > 0n && after[holder] > 0n, `${holder} is at zero`)
    assert.equal(after[holder] - before[holder], moves[holder] ?? 0n, holder)
  }
  return Number(gas)
}
