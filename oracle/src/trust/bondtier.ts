/** Least bond of tiers 1 to 4, base units of USDC (W-42, ORC-07). */
export const BOND_TIERS: readonly bigint[] = [
  500_000_000n,
  5_000_000_000n,
  25_000_000_000n,
  100_000_000_000n,
]

/** Tier of a bond: 0 below the first threshold. */
export function bondTierOf(bond: bigint): number {
  return BOND_TIERS.filter((least) => bond >= least).length
}
