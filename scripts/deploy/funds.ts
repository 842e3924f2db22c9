import type { ReadClient } from '@earnest/sdk/escrow'
import { EarnestError } from '@earnest/sdk/protocol'
import { type Address, formatEther } from 'viem'
import { getBalance, getGasPrice, getTransactionCount } from 'viem/actions'
import type { Entry } from './journal.ts'

/** Gas of each transaction, with room; a test holds it against what they took. */
export const GAS = { PactEscrow: 6_000_000n, Governance: 2_000_000n, PactArbiter: 12_000_000n }

/**
 * That the deployer can pay for what is not on the chain yet.
 * @param journal What earlier runs sent; none where the deployment begins.
 * @throws no_funds
 */
export async function checkFunds(
  client: ReadClient,
  { deployer, journal }: { deployer: Address; journal: readonly Entry[] },
): Promise<void> {
  const [balance, gasPrice, mined] = await Promise.all([
    getBalance(client, { address: deployer }),
    getGasPrice(client),
    getTransactionCount(client, { address: deployer }),
  ])
  const left = Object.entries(GAS).filter(([name]) => !isPaid(journal, { name, mined }))
  const needed = left.reduce((sum, [, gas]) => sum + gas, 0n) * gasPrice
  if (balance >= needed) return
  const names = left.map(([name]) => name).join(', ')
  throw new EarnestError(
    'no_funds',
    `${deployer} has ${formatEther(balance)} ether; what is left to deploy (${names}) takes about ${formatEther(needed)}`,
  )
}

/** True when the contract's transaction is in a block: what only waits is still to be paid. */
function isPaid(journal: readonly Entry[], { name, mined }: { name: string; mined: number }) {
  return journal.some(
    ({ type, futureId, nonce }) =>
      type === 'TRANSACTION_SEND' && futureId === `Earnest#${name}` && (nonce ?? mined) < mined,
  )
}
