import type { Address } from 'viem'
import type { EscrowState } from './state.ts'

/** Whose escrows this oracle's record is made of. */
export type Counting = {
  arbiters: readonly Address[]
  feeRecipients: readonly Address[]
  minProtocolFeeBps: number
}

/**
 * Whether the end of an escrow may move a score: arbiter and fee recipient are on the published
 * list, the fee of the terms is not below the published one and was really paid on what the seller
 * got, and it was funded in time. That a registered pact derives the id is the caller's to know (W-51).
 */
export function counts(state: EscrowState, counting: Counting): boolean {
  const { terms, clauses, ending } = state
  if (ending === null || ending.how === 'amended' || !isListed(state, counting)) return false
  const due =
    (terms.amount * BigInt(ending.sellerBps) * BigInt(clauses.protocolFeeBps)) / 100_000_000n
  return ending.protocolFee >= due
}

/** Whether an escrow can come to count, by its terms and its funding. */
export function isListed({ terms, clauses, fundedAt }: EscrowState, counting: Counting): boolean {
  const listed = (list: readonly Address[], address: Address) =>
    list.some((item) => item.toLowerCase() === address.toLowerCase())
  if (!listed(counting.arbiters, terms.arbiter)) return false
  if (!listed(counting.feeRecipients, terms.feeRecipient)) return false
  if (clauses.protocolFeeBps < counting.minProtocolFeeBps) return false
  return fundedAt < clauses.fundBy
}
