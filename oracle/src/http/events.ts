import type { Oracle } from '../oracle.ts'
import { type EventFilter, eventOf } from '../store/journal.ts'
import type { Tail } from './tail.ts'

/** Milliseconds after which a silent stream says that it is alive. */
const KEEP_ALIVE = 15_000

/**
 * Events as server-sent events, each with its number as id. A listener that says the last id it saw
 * misses nothing; without one it gets the whole story of a pact or an escrow, and of anything wider
 * only what is new.
 */
export function eventStream(
  oracle: Oracle,
  {
    tail,
    filter,
    lastEventId,
    signal,
    onEnd,
  }: {
    tail: Tail
    filter: EventFilter
    lastEventId: number | undefined
    signal: AbortSignal
    /** Called once the listener is gone. */
    onEnd: () => void
  },
): ReadableStream<Uint8Array> {
  const { bell, signer } = oracle
  const encoder = new TextEncoder()
  const narrow = filter.pactId !== undefined || filter.escrowId !== undefined
  let cursor = lastEventId
  let started = false
  signal.addEventListener('abort', onEnd, { once: true })
  return new ReadableStream({
    async pull(controller) {
      if (!started) {
        started = true
        cursor ??= narrow ? 0 : await tail.newest()
        controller.enqueue(encoder.encode(': open\n\n'))
        return
      }
      for (;;) {
        if (signal.aborted) {
          onEnd()
          return controller.close()
        }
        const rung = bell.rings()
        const found = await tail.since(cursor ?? 0, filter)
        cursor = found.cursor
        if (found.rows.length > 0) {
          for (const row of found.rows) {
            const data = JSON.stringify(eventOf(row, signer.did))
            controller.enqueue(
              encoder.encode(`id: ${row.id}\nevent: ${row.type}\ndata: ${data}\n\n`),
            )
          }
          return
        }
        // What rang while the log was read would not ring again.
        if (rung !== bell.rings() || (await bell.wait(KEEP_ALIVE, signal))) continue
        controller.enqueue(encoder.encode(': alive\n\n'))
        // Should nobody have rung.
        await tail.newest()
        return
      }
    },
    cancel: onEnd,
  })
}
