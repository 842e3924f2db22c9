import { EarnestError } from '@earnest/sdk/protocol'
import hre from 'hardhat'
import { getAddress } from 'viem'
import { requireChain, type Target } from './network.ts'
import { rehearse } from './rehearse.ts'

/**
 * Connects to the target, or to a chain in this process that has its id and real USDC at its address.
 * @throws missing_key, invalid_key, chain_unreachable, wrong_chain
 */
export async function connect(target: Target, { isDryRun }: { isDryRun: boolean }) {
  const connection = isDryRun
    ? await rehearse(target)
    : await hre.network.create({ network: target.name, chainType: 'op' })
  const ask = (method: string) => connection.provider.request({ method })

  // Asked first: from here on it is not the RPC that fails.
  const chainId = await ask('eth_chainId').catch((cause: unknown) => {
    throw (
      keyErrorOf(cause) ??
      new EarnestError('chain_unreachable', `No answer from the RPC of ${target.name}`, {
        cause,
        retryable: true,
      })
    )
  })
  requireChain(target, Number(chainId))
  const [sender] = (await ask('eth_accounts').catch((cause: unknown) => {
    throw keyErrorOf(cause) ?? new EarnestError('invalid_key', invalidKey, { cause })
  })) as string[]
  if (sender === undefined) throw new EarnestError('missing_key', missingKey)
  const client = await connection.viem.getPublicClient()
  return { connection, client, deployer: getAddress(sender) }
}

/** The RPC that Hardhat's configuration names for the target. */
export async function rpcOf({ name }: Target): Promise<string> {
  const { url } = hre.config.networks[name] as { url: { getUrl(): Promise<string> } }
  return url.getUrl()
}

/** What Hardhat says of the variable that holds the key, if it is about that. */
function keyErrorOf(cause: unknown): EarnestError | undefined {
  if (!(cause instanceof Error) || !cause.message.includes('DEPLOYER_KEY')) return undefined
  return cause.message.includes('not found')
    ? new EarnestError('missing_key', missingKey, { cause })
    : new EarnestError('invalid_key', invalidKey, { cause })
}

const missingKey =
  'The deployer’s key is missing: npx hardhat keystore set DEPLOYER_KEY, or DEPLOYER_KEY in the environment'
const invalidKey = 'DEPLOYER_KEY is not a private key: 32 bytes in hexadecimal'
