import { setTimeout as sleep } from 'node:timers/promises'
import { isEarnestError } from '@earnest/sdk/protocol'

/** Looks again until a condition holds. Throws once three minutes are over. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 180_000; !(await condition()); ) {
    if (performance.now() > end) throw new Error(`waited in vain for ${condition}`)
    await sleep(100)
  }
}

/** What a call gives; undefined where it is refused with `code`, since it is too early. */
export async function known<T>(code: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (isEarnestError(error) && error.code === code) return undefined
    throw error
  }
}
