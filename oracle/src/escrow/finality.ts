/** Heads of the chain by how sure they are; block numbers. */
export type Heads = { latest: number; safe: number; finalized: number }

/** Below this amount two blocks on top are enough; USDC base units. */
export const LATEST_BELOW = 100_000_000n
/** Below this amount the safe head is enough; USDC base units. */
export const SAFE_BELOW = 10_000_000_000n
/** Blocks on top of a small funding. */
export const SMALL_CONFIRMATIONS = 2

/** Whether a funding of `amount` in `block` is announced yet (design.md section 3, finality). */
export function isFinal({
  amount,
  block,
  heads,
}: {
  amount: bigint
  block: number
  heads: Heads
}): boolean {
  if (amount < LATEST_BELOW) return heads.latest >= block + SMALL_CONFIRMATIONS
  if (amount < SAFE_BELOW) return heads.safe >= block
  return heads.finalized >= block
}
