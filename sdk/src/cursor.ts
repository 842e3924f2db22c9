import type { Store } from './protocol/store.ts'

/** Milliseconds for which a cursor waits for the next event: events come in bursts, each write goes to disk. */
const GATHER = 1_000

/** How far a stream of events was dealt with. */
interface Cursor {
  /** The last event that was dealt with; 0 before the first. */
  read(): Promise<number>
  /** Remembers an event that was dealt with, soon; what a crash forgets is dealt with once more. */
  note(id: number): void
  /** Writes down what was noted. */
  flush(): Promise<void>
}

/** Keeps a cursor under a key of a store. */
export function createCursor(store: Store, key: string): Cursor {
  let noted: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let writes: Promise<void> = Promise.resolve()

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const id = noted
    if (id === undefined) return writes
    noted = undefined
    // One that fails is made good by the next: events are heard at least once in any case.
    writes = writes.then(() => store.set(key, id)).catch(() => {})
    return writes
  }

  return {
    async read() {
      const last = await store.get(key)
      return typeof last === 'number' ? last : 0
    },
    note(id) {
      noted = id
      timer ??= setTimeout(flush, GATHER)
    },
    flush,
  }
}
