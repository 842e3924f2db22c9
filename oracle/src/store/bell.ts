/** Wakes whoever waits for work in this process; other processes are found by looking now and then. */
export type Bell = {
  /** How often it rang: what was read before the last ring may be old. */
  rings(): number
  ring(): void
  /** True at the next ring, false after `milliseconds`; at once when the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<boolean>
}

/** Milliseconds in which rings are one: whoever is woken looks into the store, and sees all of it in one look. */
const TOGETHER = 15

/** A bell without anybody waiting. */
export function createBell(): Bell {
  let waiting = new Set<(rang: boolean) => void>()
  let rings = 0
  let waking: NodeJS.Timeout | undefined
  return {
    rings: () => rings,
    ring() {
      rings += 1
      if (waking !== undefined) return
      waking = setTimeout(() => {
        waking = undefined
        const woken = waiting
        waiting = new Set()
        for (const wake of woken) wake(true)
      }, TOGETHER)
    },
    wait(milliseconds, signal) {
      if (signal?.aborted) return Promise.resolve(true)
      return new Promise((resolve) => {
        const wake = (rang: boolean) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
          waiting.delete(wake)
          resolve(rang)
        }
        const abort = () => wake(true)
        const timer = setTimeout(() => wake(false), milliseconds)
        signal?.addEventListener('abort', abort)
        waiting.add(wake)
      })
    },
  }
}
