import { isEarnestError } from '@earnest/sdk/protocol'

/** Word of what the index wrote about an escrow, for requests that came a moment before it. */
export type News = {
  /** The index wrote something about these escrows. */
  tell(escrowIds: Iterable<string>): void
  /** Resolves at the next word about an escrow, or after `milliseconds`. */
  next(escrowId: string, milliseconds: number): Promise<void>
  /** False while as many wait, in all or for this escrow, as this oracle keeps connections for. */
  hasRoom(escrowId: string): boolean
}

/** Milliseconds after which one looks without a word: another process may have the index. */
const LOOK_AGAIN = 250
/** Who waits costs a look every so often, and to register a pact that nobody funds costs a stranger nothing. */
const MAX_WAITING = { all: 256, escrow: 8 }
/** What time alone mends: the chain has the funding, or has it almost. */
const early = new Set(['not_funded', 'funding_not_final'])

/** News without anybody waiting. */
export function createNews(): News {
  const waiting = new Map<string, Set<() => void>>()
  let count = 0
  return {
    hasRoom: (escrowId) =>
      count < MAX_WAITING.all && (waiting.get(escrowId)?.size ?? 0) < MAX_WAITING.escrow,
    tell(escrowIds) {
      for (const id of escrowIds) for (const wake of waiting.get(id) ?? []) wake()
    },
    next(escrowId, milliseconds) {
      return new Promise((resolve) => {
        const all = waiting.get(escrowId) ?? new Set()
        const wake = () => {
          clearTimeout(timer)
          count--
          all.delete(wake)
          if (all.size === 0) waiting.delete(escrowId)
          resolve()
        }
        const timer = setTimeout(wake, milliseconds)
        count++
        all.add(wake)
        waiting.set(escrowId, all)
      })
    },
  }
}

/**
 * Does what an escrow's funding allows, anew at each word about it, for as long as `milliseconds`. A seller
 * reads the chain itself and is often a moment ahead of the index: to let it wait costs less than to refuse
 * it and be asked again. Where too many wait already, it is refused.
 * @throws what the work throws when it can wait no longer, or not for want of the funding.
 */
export async function whenFunded<T>(
  news: News,
  { escrowId, milliseconds }: { escrowId: string; milliseconds: number },
  work: () => Promise<T>,
): Promise<T> {
  for (let left = milliseconds; ; left -= LOOK_AGAIN) {
    try {
      return await work()
    } catch (error) {
      const isEarly = isEarnestError(error) && early.has(error.code)
      if (left <= 0 || !isEarly || !news.hasRoom(escrowId)) throw error
    }
    await news.next(escrowId, Math.min(left, LOOK_AGAIN))
  }
}
