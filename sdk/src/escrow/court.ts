import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import type { Address } from 'viem'
import { erc20Abi } from 'viem'
import { readContract } from 'viem/actions'
import { call } from './call.ts'
import type { EscrowClient, ReadClient, Sent } from './client.ts'
import { assertChain, mapErrors } from './send.ts'

/** An arbiter of the default kind on its chain; its committee stands beside it. */
export interface CourtRef {
  chainId: number
  arbiter: Address
}

/** Where panels are drawn from and what they cost, base units. */
export interface Court extends CourtRef {
  committee: Address
  panelCost: bigint
  memberStake: bigint
}

/** Reads an arbiter's committee. Throws `wrong_chain`, `chain_unreachable` (retryable). */
export async function readCourt(
  client: ReadClient,
  { chainId, arbiter }: CourtRef,
): Promise<Court> {
  return await mapErrors(async () => {
    await assertChain(client, chainId)
    const ask = { address: arbiter, abi: pactArbiterAbi } as const
    const [committee, panelCost] = await Promise.all([
      readContract(client, { ...ask, functionName: 'committee' }),
      readContract(client, { ...ask, functionName: 'panelCost' }),
    ])
    const memberStake = await readContract(client, {
      address: committee,
      abi: committeeAbi,
      functionName: 'memberStake',
    })
    return { chainId, arbiter, committee, panelCost, memberStake }
  })
}

/** Calls the arbiter. Throws the contract's error as a code. */
export function callArbiter(
  client: EscrowClient,
  { chainId, arbiter }: CourtRef,
  functionName: 'appeal' | 'convene' | 'execute' | 'finalize' | 'lapse' | 'withdraw',
  args: readonly unknown[],
): Promise<Sent> {
  return call(client, { chainId, address: arbiter, abi: pactArbiterAbi, functionName, args })
}

/** Calls the committee. Throws the contract's error as a code. */
export function callCommittee(
  client: EscrowClient,
  { chainId, committee }: Pick<Court, 'chainId' | 'committee'>,
  functionName:
    | 'join'
    | 'resign'
    | 'withdrawStake'
    | 'withdraw'
    | 'draw'
    | 'strike'
    | 'commit'
    | 'reveal',
  args: readonly unknown[],
): Promise<Sent> {
  return call(client, { chainId, address: committee, abi: committeeAbi, functionName, args })
}

/** Lets the committee pull a stake. */
export function approveStake(
  client: EscrowClient,
  {
    chainId,
    token,
    committee,
    amount,
  }: {
    chainId: number
    token: Address
    committee: Address
    amount: bigint
  },
): Promise<Sent> {
  const args = [committee, amount]
  return call(client, { chainId, address: token, abi: erc20Abi, functionName: 'approve', args })
}
