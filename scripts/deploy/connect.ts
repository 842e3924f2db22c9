import { EarnestError } from '@earnest/sdk/protocol'
import hre from 'hardhat'
import { getAddress } from 'viem'
import type { Target } from './network.ts'
import { rehearse } from './rehearse.ts'

/**
 * Connects to the target, or to a chain in this process that has its id and real USDC at its address.
 * @throws missing_key, chain_unreachable
 */
export async function connect(target: Target, { isDryRun }: { isDryRun: boolean }) {
  try {
    const connection = isDryRun
      ? await rehearse(target)
      : await hre.network.create({ network: target.name, chainType: 'op' })
    const client = await connection.viem.getPublicClient()
    const [sender] = (await connection.provider.request({ method: 'eth_accounts' })) as string[]
    if (sender === undefined) throw new EarnestError('missing_key', missingKey)
    return { connection, client, deployer: getAddress(sender) }
  } catch (cause) {
    if (cause instanceof EarnestError) throw cause
    if (cause instanceof Error && cause.message.includes('DEPLOYER_KEY')) {
      throw new EarnestError('missing_key', missingKey, { cause })
    }
    const message = `No answer from the RPC of ${target.name}`
    throw new EarnestError('chain_unreachable', message, { cause, retryable: true })
  }
}

const missingKey =
  'The deployer’s key is missing: npx hardhat keystore set DEPLOYER_KEY, or DEPLOYER_KEY in the environment'
