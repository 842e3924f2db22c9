import { getBlockNumber } from 'viem/actions'
import type { ReadClient } from './client.ts'
import type { At } from './readEscrow.ts'
import { mapErrors } from './send.ts'

const CONFIRMATIONS = 2n

/**
 * Where to read so that a reorganisation can no longer take back what is seen, by amount (base units):
 * below 100 USDC two blocks behind the latest, below 10,000 the safe block, above that the finalized one.
 */
export async function finalAt(client: ReadClient, amount: bigint): Promise<At> {
  if (amount >= 10_000_000_000n) return { blockTag: 'finalized' }
  if (amount >= 100_000_000n) return { blockTag: 'safe' }
  const latest = await mapErrors(() => getBlockNumber(client, { cacheTime: 0 }))
  return { blockNumber: latest > CONFIRMATIONS ? latest - CONFIRMATIONS : 0n }
}
