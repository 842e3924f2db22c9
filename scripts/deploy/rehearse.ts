import hre from 'hardhat'
import { providerClient } from '../local/chain.ts'
import { deployUsdc } from '../local/usdc.ts'
import type { Target } from './network.ts'

/** A chain in this process with the target's id and Circle's bytecode, initialised, at the target's USDC. */
export async function rehearse({ chainId, usdc }: Target) {
  const connection = await hre.network.create({
    network: 'default',
    chainType: 'op',
    override: { chainId, allowUnlimitedContractSize: false },
  })
  await deployUsdc(providerClient(connection.provider, chainId), usdc)
  return connection
}
