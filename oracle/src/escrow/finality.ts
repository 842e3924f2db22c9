import type { Chain } from './chain.ts'

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

/** The heads that amounts of these sizes want; a small one asks for no more than is known. */
export async function readHeads(
  { client }: Pick<Chain, 'client'>,
  { latest, amounts }: { latest: number; amounts: readonly bigint[] },
): Promise<Heads> {
  const headAt = async (blockTag: 'safe' | 'finalized') =>
    Number((await client.getBlock({ blockTag })).number)
  if (amounts.every((amount) => amount < LATEST_BELOW)) return { latest, safe: 0, finalized: 0 }
  return { latest, safe: await headAt('safe'), finalized: await headAt('finalized') }
}
