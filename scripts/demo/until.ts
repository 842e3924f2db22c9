import { setTimeout as sleep } from 'node:timers/promises'

/** Looks again until a condition holds. Throws once 30 s are over. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await condition()); ) {
    if (performance.now() > end) throw new Error(`waited in vain for ${condition}`)
    await sleep(100)
  }
}
