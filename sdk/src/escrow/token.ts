import type { Address } from 'viem'
import { parseAbi } from 'viem'
import { readContract } from 'viem/actions'
import type { TokenRef } from '../protocol/authorization.ts'
import type { ReadClient } from './client.ts'
import { mapErrors } from './send.ts'

/** What the escrow uses of USDC (EIP-20, ERC-3009, EIP-2612). */
export const tokenAbi = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function balanceOf(address owner) view returns (uint256)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function nonces(address owner) view returns (uint256)',
  'function approve(address spender, uint256 amount) returns (bool)',
])

/** The token's EIP-712 name and version, read from the chain: they differ between networks. */
export async function readToken(client: ReadClient, address: Address): Promise<TokenRef> {
  const read = (functionName: 'name' | 'version') =>
    readContract(client, { abi: tokenAbi, address, functionName })
  const [name, version] = await mapErrors(() => Promise.all([read('name'), read('version')]))
  return { address, name, version }
}

/** What a spender may still take, base units. */
export async function readAllowance(
  client: ReadClient,
  { token, owner, spender }: { token: Address; owner: Address; spender: Address },
): Promise<bigint> {
  return await mapErrors(() =>
    readContract(client, {
      abi: tokenAbi,
      address: token,
      functionName: 'allowance',
      args: [owner, spender],
    }),
  )
}

/** The number that the owner's next permit carries (EIP-2612). */
export async function readPermitNonce(
  client: ReadClient,
  { token, owner }: { token: Address; owner: Address },
): Promise<bigint> {
  return await mapErrors(() =>
    readContract(client, {
      abi: tokenAbi,
      address: token,
      functionName: 'nonces',
      args: [owner],
    }),
  )
}

/** Balance in base units. */
export async function readBalance(
  client: ReadClient,
  { token, owner }: { token: Address; owner: Address },
): Promise<bigint> {
  return await mapErrors(() =>
    readContract(client, {
      abi: tokenAbi,
      address: token,
      functionName: 'balanceOf',
      args: [owner],
    }),
  )
}
