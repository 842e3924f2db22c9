import type { Hex } from 'viem'
import { EarnestError } from '../protocol/error.ts'
import type { EscrowClient, EscrowRef } from './client.ts'

/** Both authorizations in the contract's order, buyer first. Throws `signer_not_party`. */
export function bothAuthorizations(
  { account }: EscrowClient,
  { escrow, own, other }: { escrow: EscrowRef; own: Hex; other: Hex },
): [buyer: Hex, seller: Hex] {
  const address = account.address.toLowerCase()
  if (address === escrow.terms.buyer.toLowerCase()) return [own, other]
  if (address === escrow.terms.seller.toLowerCase()) return [other, own]
  throw new EarnestError('signer_not_party', 'Only the buyer or the seller agrees')
}
