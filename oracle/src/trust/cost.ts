/** Basis points above which the source's claim, less than 2 % for a trade, does not hold (FEE-06). */
const CLAIM_BPS = 200

/** Fee and gas over the amount (base units), basis points rounded up; null where the gas has no price. */
export function effectiveBpsOf({
  amount,
  fee,
  gas,
}: {
  amount: bigint
  fee: bigint
  gas: bigint | null
}): number | null {
  if (gas === null) return null
  return Number(((fee + gas) * 10_000n + amount - 1n) / amount)
}

/** Says of a trade that it costs more than is claimed. */
export function costWarning(effectiveBps: number | null): string[] {
  return effectiveBps !== null && effectiveBps > CLAIM_BPS ? ['costs_above_two_percent'] : []
}
