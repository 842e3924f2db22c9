import { permitTypedData, SELF_AUTHORIZATION } from '../protocol/authorization.ts'
import { termsTypedData } from '../protocol/terms.ts'
import type { EscrowClient } from './client.ts'
import { type FundedPact, type FundParameters, lock } from './lock.ts'
import { signTyped } from './signTyped.ts'
import { readPermitNonce, readToken } from './token.ts'

/**
 * As `fund`, by an EIP-2612 permit of exactly the amount, good until `fundBy`, for tokens without
 * ERC-3009. A permit says nothing of the terms: through a `relay` the buyer signs them too. A permit that
 * somebody used before is no hindrance, the allowance it left pays. Throws as `fund`.
 */
export async function fundByPermit(
  client: EscrowClient,
  parameters: FundParameters,
): Promise<FundedPact> {
  return await lock(client, parameters, async ({ escrow, token: address, fundBy, isRelayed }) => {
    const { terms } = escrow
    const token = await readToken(client, address)
    const nonce = await readPermitNonce(client, { token: address, owner: client.account.address })
    const deadline = BigInt(fundBy)
    const typedData = permitTypedData({ ...escrow, token, nonce, deadline })
    const permit = await signTyped(client, typedData)
    const consent = isRelayed ? await signTyped(client, termsTypedData(escrow)) : SELF_AUTHORIZATION
    return { functionName: 'fundByPermit', args: [terms, deadline, permit, consent] }
  })
}
