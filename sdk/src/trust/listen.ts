import { decode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { eventTypeSchema, type OracleEvent, verifyEvent } from '../protocol/event.ts'
import { streamedEventSchema } from '../protocol/route.ts'
import type { OracleClient } from './oracle.ts'

const MAX_EVENT_CHARS = 256 * 1024

/** What an event claims before anything of it was checked. */
export interface Told {
  escrowId?: unknown
  type?: unknown
}

/** What to hear, and from where. */
export interface ListenOptions {
  query?: { agent?: string; pactId?: string; escrowId?: `0x${string}` }
  /** Id of the last event that was dealt with; default 0: everything; `now`: only what is new. */
  after?: number | 'now'
  /** Events that are wanted; default: all. What is not is skipped unread, its signature too. */
  wants?: (told: Told) => boolean
  /** Told when the stream begins, and when it ends or breaks off. */
  onOpen?: (isOpen: boolean) => void
  /** Ends the stream. */
  signal?: AbortSignal
}

/**
 * The oracle's events in order, each with its signature checked, each once, across reconnects.
 * An event that the oracle did not sign ends the stream with `invalid_event`: nobody acts on it (TOL-05).
 * Events of a type that this version does not know, as a newer oracle tells them, are skipped.
 */
export async function* listen(
  oracle: OracleClient,
  { query = {}, after = 0, wants = () => true, onOpen = () => {}, signal }: ListenOptions = {},
): AsyncGenerator<OracleEvent, void, undefined> {
  let last = after === 'now' ? undefined : after
  let pause = 100
  while (!signal?.aborted) {
    try {
      const response = await oracle.stream(query, { lastEventId: last, ...(signal && { signal }) })
      onOpen(true)
      for await (const data of framesOf(response, signal)) {
        const told = (data ?? {}) as Told
        if (isOfLater(told.type) || !wants(told)) continue
        const event = decode(streamedEventSchema, data, 'invalid_event')
        verifyEvent(event, { oracle: oracle.did, keyOf: oracle.keyOf })
        pause = 100
        if (last !== undefined && event.id <= last) continue
        last = event.id
        yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (isEarnestError(error) && !error.retryable) throw error
    } finally {
      onOpen(false)
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 2, 5_000)
  }
}

function isOfLater(type: unknown): boolean {
  return typeof type === 'string' && !eventTypeSchema.safeParse(type).success
}

/** The JSON of each server-sent event (WHATWG HTML, section 9.2). */
async function* framesOf(response: Response, signal?: AbortSignal): AsyncGenerator<unknown> {
  if (response.body === null) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const stop = () => void reader.cancel().catch(() => {})
  signal?.addEventListener('abort', stop, { once: true })
  let buffer = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      buffer += value
      if (buffer.length > MAX_EVENT_CHARS) {
        throw new EarnestError('invalid_event', 'An event longer than any we know')
      }
      for (;;) {
        const end = /\r?\n\r?\n/.exec(buffer)
        if (end === null) break
        const frame = buffer.slice(0, end.index)
        buffer = buffer.slice(end.index + end[0].length)
        const data = frame
          .split(/\r?\n/)
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).replace(/^ /, ''))
          .join('\n')
        if (data === '') continue
        try {
          yield JSON.parse(data)
        } catch (cause) {
          throw new EarnestError('invalid_event', 'An event that is no JSON', { cause })
        }
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.cancel().catch(() => {})
  }
}
