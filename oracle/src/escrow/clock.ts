import type { Clock } from '@earnest/sdk/protocol'

/** A clock that follows the chain: the time of the next block as last seen, and what passed since. */
export type ChainClock = Clock & {
  /** Looks at the chain again. */
  sync(): Promise<void>
}

/** What a clock asks of a chain. */
type Chain = { getBlock(options: { blockTag: 'pending' }): Promise<{ timestamp: bigint }> }

/**
 * @param monotonic Milliseconds that never go back.
 */
export async function createChainClock({
  client,
  monotonic,
}: {
  client: Chain
  monotonic: () => number
}): Promise<ChainClock> {
  let seen = 0
  let seenAt = 0
  const clock = {
    now: () => seen + Math.floor((monotonic() - seenAt) / 1000),
    async sync() {
      const block = await client.getBlock({ blockTag: 'pending' })
      seen = Number(block.timestamp)
      seenAt = monotonic()
    },
  }
  await clock.sync()
  return clock
}
