import { pactEscrowAbi } from '@earnest/contracts'
import {
  type Hash,
  type Log,
  numberToHex,
  type ParseEventLogsReturnType,
  parseEventLogs,
} from 'viem'
import { getBlock, getBlockNumber } from 'viem/actions'
import { EarnestError } from '../protocol/error.ts'
import type { EscrowRef, ReadClient, Sent } from './client.ts'
import { type EscrowStatus, readEscrow } from './readEscrow.ts'
import { mapErrors } from './send.ts'

/** One event of an escrow with its arguments. */
export type EscrowEvent = ParseEventLogsReturnType<typeof pactEscrowAbi, undefined, true>[number]

/** Blocks per question: what public RPCs allow. */
const SPAN = 5_000n

/** Every event of one escrow from a block on, in order. */
export async function readEvents(
  client: ReadClient,
  escrow: EscrowRef,
  fromBlock: bigint,
): Promise<EscrowEvent[]> {
  return await mapErrors(async () => {
    const latest = await getBlockNumber(client, { cacheTime: 0 })
    const events: EscrowEvent[] = []
    for (let from = fromBlock; from <= latest; from += SPAN) {
      const to = from + SPAN - 1n < latest ? from + SPAN - 1n : latest
      events.push(...(await readSpan(client, escrow, { from, to })))
    }
    return events
  })
}

async function readSpan(
  client: ReadClient,
  { contract, escrowId }: EscrowRef,
  { from, to }: { from: bigint; to: bigint | 'latest' },
): Promise<EscrowEvent[]> {
  // The id is the first indexed argument of every event of an escrow, so one filter finds them all.
  const logs = await client.request({
    method: 'eth_getLogs',
    params: [
      {
        address: contract,
        fromBlock: numberToHex(from),
        toBlock: to === 'latest' ? to : numberToHex(to),
        topics: [null, escrowId],
      },
    ],
  })
  return parseEventLogs({ abi: pactEscrowAbi, logs: logs as unknown as Log[] })
}

/** The block in which the escrow was funded. Throws `funding_not_found`. */
export async function fundingBlock(client: ReadClient, fundedAt: number): Promise<bigint> {
  return await mapErrors(async () => {
    let low = 0n
    let high = await getBlockNumber(client, { cacheTime: 0 })
    // Block times never fall, so the first block of that second is found by halving.
    while (low < high) {
      const middle = (low + high) / 2n
      const { timestamp } = await getBlock(client, { blockNumber: middle })
      if (timestamp < BigInt(fundedAt)) low = middle + 1n
      else high = middle
    }
    return low
  })
}

/** The transaction that funded an escrow. Throws `funding_not_found`. */
export async function findFunding(
  client: ReadClient,
  escrow: EscrowRef,
  { fundedAt }: EscrowStatus,
): Promise<Sent> {
  const events = await readSince(client, escrow, fundedAt)
  const funding = events.find(({ eventName }) => ['Funded', 'Amended'].includes(eventName))
  if (funding === undefined) {
    throw new EarnestError('funding_not_found', 'The chain shows no funding of this escrow', {
      retryable: true,
    })
  }
  return { txHash: funding.transactionHash as Hash, blockNumber: BigInt(funding.blockNumber) }
}

/** What is known of an escrow's funding. */
export interface KnownFunding extends Pick<EscrowStatus, 'fundedAt'> {
  /** The block that had it: a guess that is held against what is found. */
  fundedIn?: bigint | undefined
}

/** Every event of an escrow since its funding; none where it was never funded. Whoever has just read it says since when. */
export async function readHistory(
  client: ReadClient,
  escrow: EscrowRef,
  known?: KnownFunding,
): Promise<EscrowEvent[]> {
  const { fundedAt, fundedIn }: KnownFunding = known ?? (await readEscrow(client, escrow))
  if (fundedAt === 0) return []
  if (fundedIn !== undefined) {
    // A node that does not answer so long a span is asked as any other; a reorg may have moved the funding.
    const span = { from: fundedIn, to: 'latest' } as const
    const events = await readSpan(client, escrow, span).catch(() => [])
    if (events.some(({ eventName }) => eventName === 'Funded')) return events
  }
  return await readSince(client, escrow, fundedAt)
}

/** Backwards from the newest block: of a young escrow the first question finds everything. */
async function readSince(
  client: ReadClient,
  escrow: EscrowRef,
  fundedAt: number,
): Promise<EscrowEvent[]> {
  return await mapErrors(async () => {
    let events: EscrowEvent[] = []
    for (let to = await getBlockNumber(client, { cacheTime: 0 }); ; ) {
      const from = to >= SPAN ? to - SPAN + 1n : 0n
      const earlier = await readSpan(client, escrow, { from, to })
      events = [...earlier, ...events]
      if (from === 0n || earlier.some(({ eventName }) => eventName === 'Funded')) return events
      // What began as an amendment has no funding of its own.
      const { timestamp } = await getBlock(client, { blockNumber: from })
      if (timestamp < BigInt(fundedAt)) return events
      to = from - 1n
    }
  })
}

/** Unix seconds of a block. */
export async function readBlockTime(client: ReadClient, blockNumber: bigint): Promise<number> {
  const { timestamp } = await mapErrors(() =>
    getBlock(client, { blockNumber: BigInt(blockNumber) }),
  )
  return Number(timestamp)
}

/** Unix seconds of an event's block, which most nodes say beside the event. */
export async function readEventTime(
  client: ReadClient,
  { blockNumber, blockTimestamp }: Pick<EscrowEvent, 'blockNumber' | 'blockTimestamp'>,
): Promise<number> {
  return blockTimestamp ? Number(blockTimestamp) : await readBlockTime(client, blockNumber)
}
