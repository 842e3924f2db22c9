import { type Hex, type Log, numberToHex } from 'viem'
import { getBlock, getBlockNumber } from 'viem/actions'
import { type Docket, decodeDocketLog, foldDocket } from '../protocol/docket.ts'
import type { EscrowRef, ReadClient } from './client.ts'
import { readCourt } from './court.ts'
import { fundingBlock } from './events.ts'
import { readEscrow } from './readEscrow.ts'
import { mapErrors } from './send.ts'

/** Blocks per question: what public RPCs allow. */
const SPAN = 5_000n

/**
 * Everything that the arbiter and its committee said about one escrow, read from the chain alone.
 * Throws `wrong_chain`, `chain_unreachable` (retryable).
 */
export async function readDocket(client: ReadClient, escrow: EscrowRef): Promise<Docket> {
  const { chainId, terms } = escrow
  const { arbiter, committee } = await readCourt(client, { chainId, arbiter: terms.arbiter })
  const { fundedAt } = await readEscrow(client, escrow)
  if (fundedAt === 0) return foldDocket([])
  const fromBlock = await fundingBlock(client, fundedAt)
  return await mapErrors(async () => {
    const latest = await getBlockNumber(client, { cacheTime: 0 })
    const logs: Log[] = []
    for (let from = fromBlock; from <= latest; from += SPAN) {
      const to = from + SPAN - 1n < latest ? from + SPAN - 1n : latest
      // The id is the first indexed argument of every event about a dispute.
      const found = await client.request({
        method: 'eth_getLogs',
        params: [
          {
            address: [arbiter, committee],
            fromBlock: numberToHex(from),
            toBlock: numberToHex(to),
            topics: [null, escrow.escrowId],
          },
        ],
      })
      logs.push(...(found as unknown as Log[]))
    }
    const times = new Map<Hex, number>()
    for (const { blockHash } of logs) {
      if (blockHash === null || times.has(blockHash)) continue
      const { timestamp } = await getBlock(client, { blockHash })
      times.set(blockHash, Number(timestamp))
    }
    return foldDocket(
      logs.flatMap(
        ({ topics, data, blockHash }) =>
          decodeDocketLog({ topics: topics as Hex[], data }, times.get(blockHash ?? '0x') ?? 0) ??
          [],
      ),
    )
  })
}
