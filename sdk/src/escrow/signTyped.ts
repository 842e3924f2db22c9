import type { Hex, TypedDataDefinition } from 'viem'
import { signTypedData } from 'viem/actions'
import type { EscrowClient } from './client.ts'
import { mapErrors } from './send.ts'

/** The account's EIP-712 signature over typed data that the kernel wrote. */
export async function signTyped(client: EscrowClient, typedData: object): Promise<Hex> {
  const { account } = client
  const signed = { ...(typedData as TypedDataDefinition), account }
  return await mapErrors(() => signTypedData(client, signed))
}
