import * as z from 'zod'
import type { Clock } from './protocol/clock.ts'
import { EarnestError } from './protocol/error.ts'
import type { Store } from './protocol/store.ts'

const leaseSchema = z.strictObject({
  /** Another for each holder. */
  token: z.string(),
  /** Unix seconds. */
  until: z.int(),
})

/** Seconds after which the lease of a dead process is over. */
const LEASE_SECONDS = 30

/**
 * Does something while no other process of the same store does it. The lease is renewed while the work
 * lasts, and that of a process that died runs out; so one that was stopped for longer may find another at
 * its work: what it writes has to be a `swap`. Throws `held_elsewhere` (retryable), and as the work does.
 */
export async function underLease<T>(
  { store, clock }: { store: Store; clock: Clock },
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const token = crypto.randomUUID()
  const fresh = () => ({ token, until: clock.now() + LEASE_SECONDS })
  const before = await store.get(key)
  const known = leaseSchema.safeParse(before)
  let own = fresh()
  // One that is to last far longer than any was written by a clock that went wrong, and holds nobody up.
  const left = known.success ? known.data.until - clock.now() : 0
  const isHeld = left > 0 && left <= 2 * LEASE_SECONDS
  if (isHeld || !(await store.swap(key, before, own))) {
    throw new EarnestError('held_elsewhere', 'Another process is at this', { retryable: true })
  }
  let renewing: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renewing.then(async () => {
      const next = fresh()
      if (await store.swap(key, own, next)) own = next
    })
    // A renewal that fails is made up for by the next.
    renewing = renewing.catch(() => {})
  }, LEASE_SECONDS * 300)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await renewing
    await store.swap(key, own, undefined)
  }
}
