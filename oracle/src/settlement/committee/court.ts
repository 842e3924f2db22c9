import { pactArbiterAbi } from '@earnest/contracts'
import { type Address, ContractFunctionExecutionError, type PublicClient } from 'viem'

/** An arbiter that has a committee, and what its ladder costs. */
export type Court = {
  arbiter: Address
  committee: Address
  /** Base units. */
  panelCost: bigint
}

/** Reads which of the listed arbiters have a committee; what an address is never changes, so it is asked once. */
export function createCourts(
  client: PublicClient,
  arbiters: readonly Address[],
): () => Promise<Court[]> {
  const known = new Map<Address, Court | null>()
  return async () => {
    for (const arbiter of arbiters) {
      if (!known.has(arbiter)) known.set(arbiter, await readCourt(client, arbiter))
    }
    return [...known.values()].filter((court) => court !== null)
  }
}

async function readCourt(client: PublicClient, arbiter: Address): Promise<Court | null> {
  const contract = { address: arbiter, abi: pactArbiterAbi } as const
  try {
    const [committee, panelCost] = await Promise.all([
      client.readContract({ ...contract, functionName: 'committee' }),
      client.readContract({ ...contract, functionName: 'panelCost' }),
    ])
    return { arbiter, committee, panelCost }
  } catch (error) {
    // Another kind of arbiter has none; a node that does not answer is asked again.
    const refused = error instanceof ContractFunctionExecutionError && answered(error)
    if (refused) return null
    throw error
  }
}

function answered(error: ContractFunctionExecutionError): boolean {
  const names = ['ContractFunctionZeroDataError', 'ContractFunctionRevertedError']
  return error.walk((cause) => cause instanceof Error && names.includes(cause.name)) !== null
}
