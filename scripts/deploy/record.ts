import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EarnestError } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import type { Target } from './network.ts'

const file = fileURLToPath(new URL('../../contracts/abi/deployments.json', import.meta.url))

/** Where the contracts of one chain stand. */
export type Addresses = {
  escrow: Address
  arbiter: Address
  committee: Address
  vault: Address
  governance: Address
  token: Address
  /** The block to index from. */
  startBlock: number
}

function readAll(): Record<string, Addresses> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** @throws not_deployed */
export function readDeployment({ chainId, name }: Target): Addresses {
  const addresses = readAll()[chainId]
  if (addresses) return addresses
  throw new EarnestError('not_deployed', `contracts/abi/deployments.json has nothing for ${name}`)
}

/** Writes the addresses where SDK and oracle find them. */
export function writeDeployment({ chainId }: Target, addresses: Addresses): void {
  writeFileSync(file, `${JSON.stringify({ ...readAll(), [chainId]: addresses }, null, 2)}\n`)
}
