import type { Hash, TransactionReceipt } from 'viem'
import { waitForTransactionReceipt, watchBlockNumber } from 'viem/actions'
import type { ReadClient } from './client.ts'

/**
 * Waits for a transaction, also one that took the place of the named one. Nothing goes on when it ends: viem
 * keeps looking at every block where its time runs out during its first question. Throws viem's errors.
 *
 * @param timeout Milliseconds; default: viem's three minutes.
 */
export async function awaitReceipt(
  client: ReadClient,
  asked: { hash: Hash; timeout?: number },
): Promise<TransactionReceipt> {
  let isOver = false
  const ends: (() => void)[] = []
  const watching: ReadClient = {
    ...client,
    // Waits of one client for one hash share a watch, and this one is its own.
    uid: crypto.randomUUID(),
    watchBlockNumber(parameters: Parameters<typeof watchBlockNumber>[1]) {
      if (isOver) return () => {}
      const end = watchBlockNumber(client, parameters)
      ends.push(end)
      return end
    },
  } as ReadClient
  try {
    return await waitForTransactionReceipt(watching, asked)
  } finally {
    isOver = true
    for (const end of ends) end()
  }
}
