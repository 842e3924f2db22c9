import { fundTypedData } from '../protocol/authorization.ts'
import type { EscrowClient } from './client.ts'
import { type FundedPact, type FundParameters, lock } from './lock.ts'
import { recallToken } from './recallToken.ts'
import { signTyped } from './signTyped.ts'

/**
 * Layer 4: checks both signatures, then locks the payment with one ERC-3009 signature that pays and
 * accepts the terms at once. Funding twice is impossible: the id is the token's nonce, and an escrow that
 * stands already is returned. A smart wallet signs by ERC-1271 and needs a `relay`. Throws
 * `pact_hash_mismatch`, `invalid_buyer_signature`, `invalid_seller_signature`, `pact_mismatch`,
 * `wrong_wallet`, `wrong_chain`, `fund_by_passed`, `insufficient_funds`, `escrow_not_open`, the contract's
 * errors as codes, `chain_unreachable` (retryable).
 */
export async function fund(client: EscrowClient, parameters: FundParameters): Promise<FundedPact> {
  return await lock(client, parameters, async ({ escrow, token: address }) => {
    const token = await recallToken(client, address)
    const signature = await signTyped(client, fundTypedData({ ...escrow, token }))
    return { functionName: 'fund', args: [escrow.terms, signature] }
  })
}
