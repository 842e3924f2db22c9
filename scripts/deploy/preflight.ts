import type { ReadClient } from '@earnest/sdk/escrow'
import { EarnestError } from '@earnest/sdk/protocol'
import { domainSeparator, parseAbi } from 'viem'
import { getChainId, getCode, readContract } from 'viem/actions'
import { requireChain, type Target } from './network.ts'

const tokenAbi = parseAbi([
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function version() view returns (string)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
])

/** @throws wrong_chain, chain_unreachable */
export async function checkChain(client: ReadClient, target: Target): Promise<void> {
  const chainId = await getChainId(client).catch((cause: unknown) => {
    throw new EarnestError('chain_unreachable', `No answer from the RPC of ${target.name}`, {
      cause,
      retryable: true,
    })
  })
  requireChain(target, chainId)
}

/**
 * That Circle's USDC stands at its address: what buyers sign names this chain and this address, and one
 * digit's difference in the token's own domain would refuse them all.
 * @throws wrong_usdc
 */
export async function checkUsdc(
  client: ReadClient,
  { usdc, name: network, chainId }: Target,
): Promise<void> {
  const code = await getCode(client, { address: usdc })
  if (code === undefined) throw new EarnestError('wrong_usdc', `${network} has no code at ${usdc}`)
  const read = <name extends 'name' | 'symbol' | 'decimals' | 'version' | 'DOMAIN_SEPARATOR'>(
    functionName: name,
  ) => readContract(client, { address: usdc, abi: tokenAbi, functionName })
  const [name, symbol, decimals, version, separator] = await Promise.all([
    read('name'),
    read('symbol'),
    read('decimals'),
    read('version'),
    read('DOMAIN_SEPARATOR'),
  ]).catch((cause) => {
    throw new EarnestError('wrong_usdc', `${usdc} does not answer as USDC`, { cause })
  })
  if (symbol !== 'USDC' || decimals !== 6 || version !== '2') {
    throw new EarnestError(
      'wrong_usdc',
      `${usdc} is ${symbol} version ${version} with ${decimals} decimals`,
    )
  }
  const domain = { name, version, chainId, verifyingContract: usdc }
  if (separator !== domainSeparator({ domain })) {
    throw new EarnestError('wrong_usdc', `${usdc} takes signatures for another chain or token`)
  }
}
