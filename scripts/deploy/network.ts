import { EarnestError } from '@earnest/sdk/protocol'
import { type Address, getAddress } from 'viem'

/** A chain that Earnest is deployed on, and its USDC by Circle. */
export type Target = { name: string; chainId: number; usdc: Address; isMainnet: boolean }

const targets: Record<string, Target> = {
  'base-sepolia': {
    name: 'base-sepolia',
    chainId: 84_532,
    usdc: getAddress('0x036CbD53842c5426634e7929541eC2318f3dCF7e'),
    isMainnet: false,
  },
  base: {
    name: 'base',
    chainId: 8453,
    usdc: getAddress('0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'),
    isMainnet: true,
  },
}

/** @throws unknown_network */
export function targetOf(name: string | undefined): Target {
  const target = targets[name ?? '']
  if (target) return target
  throw new EarnestError(
    'unknown_network',
    `--network wants one of ${Object.keys(targets).join(', ')}`,
  )
}

/** @throws wrong_chain */
export function requireChain({ name, chainId: wanted }: Target, chainId: number): void {
  if (chainId === wanted) return
  throw new EarnestError('wrong_chain', `The RPC serves chain ${chainId}, ${name} is ${wanted}`)
}
