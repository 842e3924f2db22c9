import type { Hex } from 'viem'
import { toBytes32 } from '../protocol/hash.ts'
import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'

/** A delivery whose artifact somebody holds. */
export interface DeliverParameters extends VerbParameters {
  /** SHA-256 of the canonical manifest, 64 hex characters. */
  artifactHash: string
  /** Who says so: the buyer's signature, or the arbiter's proof. */
  receipt: { byBuyer: boolean; proof: Hex }
}

/**
 * Delivers with a receipt, as the seller: the path beside the oracle's `complete`. Throws the
 * contract's error as a code; without a receipt that holds, `arbiter_refused` or `invalid_signature`.
 */
export async function deliver(client: EscrowClient, parameters: DeliverParameters): Promise<Sent> {
  const { escrow, receipt } = parameters
  const artifactHash = toBytes32(parameters.artifactHash)
  return await act(client, parameters, {
    action: { verb: 'deliver', artifactHash, reserve: false },
    eventName: 'Delivered',
    args: { artifactHash },
    call: (authorization) => ({
      functionName: 'deliver',
      args: [escrow.terms, artifactHash, receipt, authorization],
    }),
  })
}
