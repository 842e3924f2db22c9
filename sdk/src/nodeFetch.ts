import { type IncomingMessage, request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { Readable } from 'node:stream'

/** Bytes of an answer that are waited for before it is handed on; the rest of a longer one comes as a stream. */
const AT_ONCE = 256 * 1024
/** Answers without any body, not even an empty one. */
const BODILESS = new Set([204, 205, 304])

/**
 * A `fetch` over Node's own HTTP client, on connections that stay open: a question to the chain costs its
 * process half the CPU. For `createOracleClient`, `createBuyer`, and `fetchFn` of viem's `http`. It sends
 * strings and bytes, asks for no compression and keeps no cookies; for everything else, also redirects that may
 * be followed, it calls the platform's `fetch`. Rejects as that does.
 * @example
 * const oracle = createOracleClient({ url, did, clock, identity, fetch: nodeFetch })
 * const wallet = createWalletClient({ account, chain, transport: http(rpcUrl, { fetchFn: nodeFetch }) })
 */
export const nodeFetch: typeof globalThis.fetch = async (input, init = {}) => {
  const { body = null, method = 'GET', redirect = 'follow', signal } = init
  const isPlain = body === null || typeof body === 'string' || body instanceof Uint8Array
  const url = input instanceof Request ? undefined : new URL(input)
  if (!isPlain || !url || !/^https?:$/.test(url.protocol)) return await fetch(input, init)
  signal?.throwIfAborted()
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = headersOf(init.headers, body)
      const open = url.protocol === 'https:' ? secure : plain
      const request = open(url, { method, headers, ...(signal && { signal }) })
      request.on('response', resolve)
      request.on('error', reject)
      request.end(body)
    })
    const { statusCode: status = 0, statusMessage: statusText = '', headers } = answer
    const mayMove = redirect !== 'manual' && headers.location !== undefined
    if (mayMove && status >= 300 && status < 400) {
      answer.destroy()
      if (redirect === 'error') throw new Error('unexpected redirect')
      return await fetch(input, init)
    }
    const isBodiless = method === 'HEAD' || BODILESS.has(status)
    const content = isBodiless ? null : await contentOf(answer)
    if (isBodiless) answer.resume()
    return new Response(content, { status, statusText, headers: pairsOf(answer.rawHeaders) })
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw new TypeError('fetch failed', { cause })
  }
}

function headersOf(given: RequestInit['headers'], body: string | Uint8Array | null) {
  const headers: Record<string, string> = { accept: '*/*' }
  for (const [name, value] of given instanceof Headers ? given : new Headers(given)) {
    headers[name] = value
  }
  if (body === null) return headers
  if (typeof body === 'string') headers['content-type'] ??= 'text/plain;charset=UTF-8'
  return { ...headers, 'content-length': String(Buffer.byteLength(body)) }
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 1; at < raw.length; at += 2) pairs.push([raw[at - 1] ?? '', raw[at] ?? ''])
  return pairs
}

type Content = Buffer<ArrayBuffer> | ReadableStream<Uint8Array>

/** The whole answer; of one that is long or never ends, a stream. */
function contentOf(answer: IncomingMessage): Promise<Content> {
  const { promise, resolve, reject } = Promise.withResolvers<Content>()
  const parts: Buffer<ArrayBuffer>[] = []
  let size = 0
  const flow = () => {
    answer.pause()
    answer.off('data', take).off('end', end)
    if (size > 0) answer.unshift(Buffer.concat(parts))
    resolve(Readable.toWeb(answer) as ReadableStream<Uint8Array>)
  }
  const take = (part: Buffer<ArrayBuffer>) => {
    parts.push(part)
    size += part.length
    if (size >= AT_ONCE) flow()
  }
  const end = () => resolve(Buffer.concat(parts))
  answer.on('error', reject)
  if (answer.headers['content-type']?.startsWith('text/event-stream')) flow()
  else answer.on('data', take).on('end', end)
  return promise
}
