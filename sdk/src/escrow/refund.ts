import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/** Gives everything back to the buyer: the seller at any time before the end (TOL-11). Throws the contract's error as a code. */
export async function refund(client: EscrowClient, parameters: VerbParameters): Promise<Sent> {
  const { terms } = parameters.escrow
  return await act(client, parameters, {
    action: { verb: 'refund' },
    eventName: 'Refunded',
    call: (authorization) => ({ functionName: 'refund', args: [terms, authorization] }),
  })
}
