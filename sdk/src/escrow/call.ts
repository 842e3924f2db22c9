import type { Abi, Address, Hex } from 'viem'
import { encodeFunctionData } from 'viem'
import { sendTransaction, simulateContract } from 'viem/actions'
import type { EscrowClient, Sent } from './client.ts'
import { assertChain, confirm, mapErrors } from './send.ts'

/** Calls a contract beside the escrow: simulated first, then sent and waited for. Throws its error as a code. */
export async function call(
  client: EscrowClient,
  {
    chainId,
    address,
    abi,
    functionName,
    args,
  }: {
    chainId: number
    address: Address
    abi: unknown
    functionName: string
    args: readonly unknown[]
  },
): Promise<Sent> {
  return await mapErrors(async () => {
    await assertChain(client, chainId)
    const { account, chain } = client
    const request = { abi: abi as Abi, functionName, args }
    await simulateContract(client, { ...request, address, account } as never)
    const data: Hex = encodeFunctionData(request)
    const txHash = await sendTransaction(client, { account, chain, to: address, data } as never)
    return await confirm(client, txHash)
  })
}
