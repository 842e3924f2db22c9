import { fundBatchTypedData } from '../protocol/authorization.ts'
import { EarnestError } from '../protocol/error.ts'
import type { KeyResolver } from '../protocol/key.ts'
import { type SignedPact, verifySignedPact } from '../protocol/pact.ts'
import { type EscrowClient, escrowOfPact, type Relay } from './client.ts'
import type { FundedPact } from './lock.ts'
import { relayOrSend, send } from './send.ts'
import { signTyped } from './signTyped.ts'
import { readToken } from './token.ts'

/**
 * Funds many pacts of one buyer with one signature in one transaction; all or none. Throws as `fund`,
 * and `empty_batch`, `mixed_batch` for another buyer, contract or chain.
 */
export async function fundBatch(
  client: EscrowClient,
  {
    items,
    relay,
    keyOf,
  }: {
    items: readonly { signed: SignedPact; milestone?: number }[]
    relay?: Relay
    keyOf?: KeyResolver
  },
): Promise<FundedPact[]> {
  const pacts = items.map(({ signed, milestone = 0 }) => ({
    signed,
    milestone,
    pactId: verifySignedPact(signed, keyOf),
    escrow: escrowOfPact({ pact: signed.pact, milestone }),
  }))
  const [first] = pacts
  if (first === undefined) throw new EarnestError('empty_batch', 'No pacts to fund')
  const { chainId, contract } = first.escrow
  const { token: address } = first.signed.pact.escrow
  for (const { escrow, signed } of pacts) {
    const same = escrow.chainId === chainId && escrow.contract === contract
    if (!same || signed.pact.escrow.token !== address) {
      throw new EarnestError('mixed_batch', 'A batch has one contract and one token')
    }
  }
  const terms = pacts.map(({ escrow }) => escrow.terms)
  const token = await readToken(client, address)
  const typedData = fundBatchTypedData({ terms, chainId, contract, token })
  const signature = await signTyped(client, typedData)
  const call = { functionName: 'fundBatch', args: [terms, signature] } as const
  const ref = { chainId, contract }
  const sent =
    relay === undefined
      ? await send(client, ref, call)
      : await relayOrSend(client, { ...ref, relay }, call)
  return pacts.map((each) => ({
    ...each,
    ...sent,
    escrowId: each.escrow.escrowId,
    status: 'locked' as const,
    network: `eip155:${chainId}`,
  }))
}
