import type { ReadClient } from '@earnest/sdk/escrow'
import { EarnestError } from '@earnest/sdk/protocol'
import { type Address, formatEther, parseAbi } from 'viem'
import { getBalance, getChainId, getCode, getGasPrice, readContract } from 'viem/actions'
import type { Target } from './network.ts'

const tokenAbi = parseAbi([
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function version() view returns (string)',
])

/** Gas of a whole deployment, with room. */
const DEPLOYMENT_GAS = 20_000_000n

/**
 * Looks before anything is sent.
 * @throws wrong_chain, wrong_usdc, no_funds
 */
export async function preflight(
  client: ReadClient,
  { target, deployer }: { target: Target; deployer: Address },
): Promise<void> {
  const chainId = await getChainId(client)
  if (chainId !== target.chainId) {
    throw new EarnestError(
      'wrong_chain',
      `The RPC serves chain ${chainId}, ${target.name} is ${target.chainId}`,
    )
  }
  await checkUsdc(client, target)
  const [balance, gasPrice] = await Promise.all([
    getBalance(client, { address: deployer }),
    getGasPrice(client),
  ])
  const needed = DEPLOYMENT_GAS * gasPrice
  if (balance < needed) {
    throw new EarnestError(
      'no_funds',
      `${deployer} has ${formatEther(balance)} ether, a deployment takes about ${formatEther(needed)}`,
    )
  }
}

async function checkUsdc(client: ReadClient, { usdc, name }: Target): Promise<void> {
  const code = await getCode(client, { address: usdc })
  if (code === undefined) throw new EarnestError('wrong_usdc', `${name} has no code at ${usdc}`)
  const read = <name extends 'symbol' | 'decimals' | 'version'>(functionName: name) =>
    readContract(client, { address: usdc, abi: tokenAbi, functionName })
  const [symbol, decimals, version] = await Promise.all([
    read('symbol'),
    read('decimals'),
    read('version'),
  ]).catch((cause) => {
    throw new EarnestError('wrong_usdc', `${usdc} does not answer as USDC`, { cause })
  })
  if (symbol !== 'USDC' || decimals !== 6 || version !== '2') {
    throw new EarnestError(
      'wrong_usdc',
      `${usdc} is ${symbol} version ${version} with ${decimals} decimals`,
    )
  }
}
