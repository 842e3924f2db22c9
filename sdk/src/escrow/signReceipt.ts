import type { Hex, TypedDataDefinition } from 'viem'
import { signTypedData } from 'viem/actions'
import { toBytes32 } from '../protocol/hash.ts'
import { receiptTypedData } from '../protocol/statement.ts'
import type { EscrowClient, EscrowRef } from './client.ts'
import { readEscrow } from './readEscrow.ts'
import { mapErrors } from './send.ts'

/** The buyer's signature that it holds the artifact of the round that comes next: proof of notice. */
export async function signReceipt(
  client: EscrowClient,
  { escrow, artifactHash }: { escrow: EscrowRef; artifactHash: string },
): Promise<Hex> {
  const { round } = await readEscrow(client, escrow)
  const typedData = receiptTypedData({
    ...escrow,
    round: BigInt(round + 1),
    artifactHash: toBytes32(artifactHash),
  }) as unknown as TypedDataDefinition
  return await mapErrors(() => signTypedData(client, { ...typedData, account: client.account }))
}
