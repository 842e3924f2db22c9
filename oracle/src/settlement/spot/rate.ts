/**
 * How often passed work is put before the jury, versioned: whoever knows the base rate, the price of a
 * check and the seller's record recomputes who had to be drawn.
 */
export const SPOT_TABLE = {
  version: 'earnest-spot/1',
  /** Blocks after the result came on chain whose hash is the seed. */
  seedAfter: 2,
  /** A seller with fewer settlements that count, before this delivery, is looked at more often. */
  newcomer: { below: 5, times: 4 },
  /** So is a large trade; USDC base units, the largest first. */
  amounts: [
    { from: 10_000_000_000n, times: 4 },
    { from: 1_000_000_000n, times: 2 },
  ],
  /** Checks cost no more than this part of the protocol fees on average, or small trades would drain them. */
  feeShareBps: 5_000n,
} as const

/** What an operator decides about spot checks. */
export type SpotPolicy = {
  /** Rate for an established seller's small trade, in ten-thousandths; 0: none are made. */
  rateBps: number
  /** What the jury may cost for one check, USDC base units. */
  cost: bigint
}

/** No spot checks. */
export const NO_SPOTS: SpotPolicy = { rateBps: 0, cost: 0n }

/** The rate at which one delivery is drawn, in ten-thousandths. */
export function rateOf(
  { rateBps, cost }: SpotPolicy,
  { amount, protocolFee, trades }: { amount: bigint; protocolFee: bigint; trades: number },
): number {
  const { newcomer, amounts, feeShareBps } = SPOT_TABLE
  const bySeller = trades < newcomer.below ? newcomer.times : 1
  const byAmount = amounts.find(({ from }) => amount >= from)?.times ?? 1
  const wanted = Math.min(10_000, rateBps * bySeller * byAmount)
  if (cost === 0n) return wanted
  const affordable = (protocolFee * feeShareBps) / cost
  return affordable < BigInt(wanted) ? Number(affordable) : wanted
}
