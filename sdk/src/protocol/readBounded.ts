import { EarnestError } from './error.ts'

/**
 * The bytes of a request or response body, never more than `limit`: what a stranger sends is not read
 * to the end first. Throws `body_too_large`, `body_interrupted` (retryable) where it breaks off or takes
 * longer than `signal` allows.
 */
export async function readBounded(
  source: { body: ReadableStream<Uint8Array> | null; headers: Headers },
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(source.headers.get('content-length') ?? 0)
  if (announced > limit) throw tooLarge(limit)
  if (source.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = source.body.getReader()
  const stop = () => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      if (signal?.aborted) interrupted(signal.reason)
      const { done, value } = await reader.read().catch(interrupted)
      // A cancelled reader is done, and not because the body is whole.
      if (signal?.aborted) interrupted(signal.reason)
      if (done) break
      size += value.length
      if (size > limit) throw tooLarge(limit)
      chunks.push(value)
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    // Also closes the connection of a sender that has not finished.
    await reader.cancel().catch(() => {})
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

function interrupted(cause: unknown): never {
  throw new EarnestError('body_interrupted', 'The body broke off', { retryable: true, cause })
}

function tooLarge(limit: number): EarnestError {
  return new EarnestError('body_too_large', `More than ${limit} bytes`, { details: { limit } })
}
