import { governanceAbi } from '@earnest/contracts'
import type { ReadClient } from '@earnest/sdk/escrow'
import { EarnestError } from '@earnest/sdk/protocol'
import type { Address, GetContractEventsReturnType } from 'viem'
import { getBlockNumber, getContractEvents, readContract } from 'viem/actions'

const names = ['DEFAULT_ADMIN_ROLE', 'PROPOSER_ROLE', 'CANCELLER_ROLE', 'EXECUTOR_ROLE'] as const

/** RPCs limit the blocks of one question; below this it is not the range that they refuse. */
const SHORTEST_RANGE = 1_000n

/**
 * Who has which role in the timelock, from every grant and revocation: the contract itself lists nobody, so
 * that asking for the accounts one knows would never find the one too many.
 * @throws chain_unreachable
 */
export async function readHolders(
  client: ReadClient,
  { governance, startBlock }: { governance: Address; startBlock: number },
): Promise<Record<string, Address[]>> {
  const ofGovernance = { address: governance, abi: governanceAbi } as const
  const latest = await getBlockNumber(client, { cacheTime: 0 })
  const holders: Record<string, Address[]> = {}
  const changes = await changesIn(client, {
    governance,
    fromBlock: BigInt(startBlock),
    toBlock: latest,
  })
  for (const name of names) {
    const role = await readContract(client, { ...ofGovernance, functionName: name })
    const standing = new Set<Address>()
    for (const { eventName, args } of changes) {
      if (args.role !== role || args.account === undefined) continue
      if (eventName === 'RoleGranted') standing.add(args.account)
      else standing.delete(args.account)
    }
    holders[name] = [...standing]
  }
  return holders
}

type Range = { governance: Address; fromBlock: bigint; toBlock: bigint }
type Change = GetContractEventsReturnType<
  typeof governanceAbi,
  'RoleGranted' | 'RoleRevoked'
>[number]

async function changesIn(
  client: ReadClient,
  { governance, fromBlock, toBlock }: Range,
): Promise<Change[]> {
  const question = { address: governance, abi: governanceAbi, fromBlock, toBlock } as const
  try {
    const events = await getContractEvents(client, question)
    return events.flatMap((event) =>
      event.eventName === 'RoleGranted' || event.eventName === 'RoleRevoked' ? [event] : [],
    )
  } catch (cause) {
    if (toBlock - fromBlock < SHORTEST_RANGE) {
      throw new EarnestError('chain_unreachable', 'The RPC gives no events of the timelock', {
        cause,
        retryable: true,
      })
    }
    const middle = (fromBlock + toBlock) / 2n
    return [
      ...(await changesIn(client, { governance, fromBlock, toBlock: middle })),
      ...(await changesIn(client, { governance, fromBlock: middle + 1n, toBlock })),
    ]
  }
}
