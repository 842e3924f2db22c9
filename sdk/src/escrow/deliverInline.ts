import { bytesToHex } from 'viem'
import { hashBytes, toBytes32 } from '../protocol/hash.ts'
import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/** Delivers the artifact itself in calldata (1 to 24,576 bytes), as the seller; the contract hashes it. Throws `invalid_artifact_length`. */
export async function deliverInline(
  client: EscrowClient,
  parameters: VerbParameters & { artifact: Uint8Array },
): Promise<Sent> {
  const { escrow, artifact } = parameters
  const artifactHash = toBytes32(hashBytes(artifact))
  return await act(client, parameters, {
    action: { verb: 'deliver', artifactHash, reserve: false },
    eventName: 'Delivered',
    args: { artifactHash },
    call: (authorization) => ({
      functionName: 'deliverInline',
      args: [escrow.terms, bytesToHex(artifact), authorization],
    }),
  })
}
