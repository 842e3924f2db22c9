import { SELF_AUTHORIZATION } from '../protocol/authorization.ts'
import { EarnestError } from '../protocol/error.ts'
import { termsTypedData } from '../protocol/terms.ts'
import type { EscrowClient } from './client.ts'
import { type FundedPact, type FundParameters, lock } from './lock.ts'
import { signTyped } from './signTyped.ts'
import { readAllowance } from './token.ts'

/**
 * As `fund`, out of an allowance that the buyer gave the escrow before (`approve`), for wallets that
 * cannot sign ERC-3009. An allowance says nothing of the terms: through a `relay` the buyer signs them.
 * Throws as `fund`, and `insufficient_allowance`.
 */
export async function fundByAllowance(
  client: EscrowClient,
  parameters: FundParameters,
): Promise<FundedPact> {
  return await lock(client, parameters, async ({ escrow, token, isRelayed }) => {
    const { terms, contract } = escrow
    const owner = client.account.address
    const allowance = await readAllowance(client, { token, owner, spender: contract })
    if (allowance < terms.amount) {
      throw new EarnestError('insufficient_allowance', 'The escrow may take too little USDC', {
        details: { got: allowance, want: terms.amount },
      })
    }
    const consent = isRelayed ? await signTyped(client, termsTypedData(escrow)) : SELF_AUTHORIZATION
    return { functionName: 'fundByAllowance', args: [terms, consent] }
  })
}
