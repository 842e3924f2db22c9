import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/**
 * Pays the seller in full: the buyer at any time before the end. Throws the contract's error as a code.
 * @example
 * await release(buyerClient, { escrow: escrowOfPact({ pact }) })
 */
export async function release(client: EscrowClient, parameters: VerbParameters): Promise<Sent> {
  const { terms } = parameters.escrow
  return await act(client, parameters, {
    action: { verb: 'release' },
    eventName: 'Released',
    call: (authorization) => ({ functionName: 'release', args: [terms, authorization] }),
  })
}
