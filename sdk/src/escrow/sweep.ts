import type { Address } from 'viem'
import type { ContractRef } from '../protocol/terms.ts'
import type { EscrowClient, Sent } from './client.ts'
import { send } from './send.ts'

/** Pushes accrued fees to their recipient, all but one base unit; anybody may. Throws `nothing_to_withdraw`. */
export async function sweep(
  client: EscrowClient,
  { contract, chainId, recipient }: ContractRef & { recipient: Address },
): Promise<Sent> {
  return await send(client, { contract, chainId }, { functionName: 'sweep', args: [recipient] })
}
