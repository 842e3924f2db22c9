import { toBytes32 } from '../protocol/hash.ts'
import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/**
 * Answers a dispute, as the seller, with the hash of a written defence (`hashDefence`); the only other
 * answer is `refund` (TOL-10, TOL-12). Throws `after_window`, `unexpected_state`.
 */
export async function defend(
  client: EscrowClient,
  parameters: VerbParameters & { responseHash: string },
): Promise<Sent> {
  const { terms } = parameters.escrow
  const responseHash = toBytes32(parameters.responseHash)
  return await act(client, parameters, {
    action: { verb: 'defend', responseHash },
    eventName: 'Defended',
    args: { responseHash },
    call: (authorization) => ({
      functionName: 'defend',
      args: [terms, responseHash, authorization],
    }),
  })
}
