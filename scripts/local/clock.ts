import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@earnest/sdk/protocol'
import { createChainClock } from '../../oracle/src/escrow/clock.ts'
import { localClient } from './chain.ts'

/** Milliseconds between two looks at the chain. */
const LOOK = 100

/** The time of a local chain, which may skip hours; looks again by itself for as long as the process runs. */
export type LocalClock = Clock & {
  /** Lets seconds pass on the chain, and waits until whoever follows it has seen them. */
  pass(seconds: number): Promise<void>
}

/** Follows the chain at `url`. */
export async function followClock(url: string): Promise<LocalClock> {
  const client = localClient(url)
  const clock = await createChainClock({ client, monotonic: () => performance.now() })
  setInterval(() => void clock.sync().catch(() => {}), LOOK).unref()
  return {
    now: clock.now,
    async pass(seconds) {
      await client.increaseTime({ seconds })
      await client.mine({ blocks: 1 })
      await clock.sync()
      await sleep(2 * LOOK)
    },
  }
}
