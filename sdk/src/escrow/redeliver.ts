import type { Hex } from 'viem'
import { toBytes32 } from '../protocol/hash.ts'
import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/**
 * Delivers again while negotiating, as the seller, with a receipt that the buyer signed (`signReceipt`);
 * at most twice. Throws `rounds_exhausted`, `invalid_signature`.
 */
export async function redeliver(
  client: EscrowClient,
  parameters: VerbParameters & { artifactHash: string; receipt: Hex },
): Promise<Sent> {
  const { escrow, receipt } = parameters
  const artifactHash = toBytes32(parameters.artifactHash)
  return await act(client, parameters, {
    action: { verb: 'redeliver', artifactHash },
    eventName: 'Delivered',
    args: { artifactHash },
    call: (authorization) => ({
      functionName: 'redeliver',
      args: [escrow.terms, artifactHash, receipt, authorization],
    }),
  })
}
