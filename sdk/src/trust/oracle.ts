import type * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import { decode, encode } from '../protocol/decode.ts'
import type { Route } from '../protocol/endpoint.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { Identity } from '../protocol/identity.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import { errorOfProblem, problemSchema } from '../protocol/problem.ts'
import { readBounded } from '../protocol/readBounded.ts'
import { signRequest } from '../protocol/request.ts'
import { pathOf, type RouteName, routes } from '../protocol/route.ts'

const MAX_ANSWER_BYTES = 8 * 1024 * 1024
/** A gigabyte at 1.7 MB a second. */
const FILE_TIMEOUT_MS = 600_000
/** What an oracle may have a call wait for by its Retry-After; who is to come back later is told so. */
const LONGEST_WAIT_MS = 5000

type Routes = typeof routes
type Memory<S> = S extends z.ZodType ? z.output<S> : never
type Part<N extends RouteName, K extends string> = Routes[N] extends Record<K, infer S> ? S : never

/** What a route takes; times, amounts and addresses in their memory form. */
export type CallOptions<N extends RouteName> = (Routes[N] extends { params: z.ZodType }
  ? { params: Memory<Part<N, 'params'>> }
  : unknown) &
  (Routes[N] extends { query: z.ZodType } ? { query?: Memory<Part<N, 'query'>> } : unknown) &
  (Routes[N] extends { body: 'bytes' }
    ? { body: Uint8Array; contentType?: string }
    : Routes[N] extends { body: z.ZodType }
      ? { body: Memory<Part<N, 'body'>> }
      : unknown) & {
    /** Repeating a write with the same key has the effect of one; default: the request's nonce. */
    idempotencyKey?: string
  }

/** What a route answers, checked against its schema; bytes and events come as the open response. */
export type CallResult<N extends RouteName> = Routes[N]['response'] extends z.ZodType
  ? Memory<Routes[N]['response']>
  : Response

/** One oracle of the client's own list, named by URL and DID (W-11). */
export interface OracleClient {
  readonly url: string
  readonly did: string
  readonly keyOf: KeyResolver
  readonly clock: Clock
  /** Calls a route. Throws the oracle's own code, `oracle_unreachable` (retryable), `invalid_oracle_answer`. */
  call<N extends RouteName>(name: N, options: CallOptions<N>): Promise<CallResult<N>>
  /** Reads a URL that the oracle gave, on its own host only. Throws `foreign_url`, as `call`. */
  open(url: string): Promise<Response>
  /** Opens the event stream after an event, without one for what is new; see `listen`. */
  stream(
    query: Record<string, string>,
    options: { lastEventId?: number | undefined; signal?: AbortSignal },
  ): Promise<Response>
}

/** What `createOracleClient` needs. */
export interface OracleClientOptions {
  /** Origin (and prefix, if any) under which `/api/v1` lies. */
  url: string
  /** The oracle's DID: every signed answer must be signed by it. */
  did: string
  clock: Clock
  /** Signs the routes that want it; without it they throw `identity_missing`. */
  identity?: Identity
  /** For an oracle behind a gateway that wants one: a bearer token, sent to that oracle and nobody else. */
  apiKey?: string
  /** For an oracle that has rotated its key. */
  keyOf?: KeyResolver
  fetch?: typeof globalThis.fetch
  timeoutMs?: number
  /** Tries of a request that fails in a way that may pass. */
  attempts?: number
}

/**
 * A client of one oracle: every route of the kernel's table, requests signed, answers checked.
 * Throws `invalid_oracle_url`.
 * @example
 * const oracle = createOracleClient({ url: 'http://localhost:4020', did, clock, identity })
 * const pact = await oracle.call('getPact', { params: { pactId } })
 */
export function createOracleClient(options: OracleClientOptions): OracleClient {
  const { did, clock, identity, apiKey, keyOf = ownKey, fetch = globalThis.fetch } = options
  const { timeoutMs = 30_000, attempts = 3 } = options
  const url = options.url.replace(/\/+$/, '')
  if (!URL.canParse(url)) {
    throw new EarnestError('invalid_oracle_url', `Want the URL of an oracle, got '${url}'`)
  }

  async function send(
    target: string,
    init: RequestInit,
    signal: AbortSignal | null,
  ): Promise<Response> {
    const headers = new Headers(init.headers)
    if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`)
    let response: Response
    try {
      response = await fetch(target, {
        ...init,
        headers,
        redirect: 'error',
        signal,
      })
    } catch (cause) {
      const message = `No answer from ${new URL(target).origin}`
      throw new EarnestError('oracle_unreachable', message, { retryable: true, cause })
    }
    if (response.ok) return response
    throw await refusalOf(response, signal)
  }

  async function persist<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (attempt >= attempts || !isEarnestError(error) || !error.retryable) throw error
        const told = Number(error.details.retryAfter ?? 0) * 1000
        if (told > LONGEST_WAIT_MS) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.max(told, 100 * 2 ** attempt)))
      }
    }
  }

  async function call<N extends RouteName>(
    name: N,
    callOptions: CallOptions<N>,
  ): Promise<CallResult<N>> {
    const route: Route = routes[name]
    const given: Given = callOptions
    const params = route.params && encode(route.params, given.params ?? {}, 'invalid_request')
    const query = route.query && encode(route.query, given.query ?? {}, 'invalid_request')
    const text = queryText((query ?? {}) as Record<string, unknown>)
    const path = pathOf(name, params as Record<string, string>) + text
    const body = bodyOf(route, given)
    const idempotencyKey = given.idempotencyKey ?? crypto.randomUUID()
    return await persist(async () => {
      const headers: Record<string, string> = { accept: 'application/json' }
      if (route.body !== undefined) {
        headers['content-type'] =
          route.body === 'bytes'
            ? (given.contentType ?? 'application/octet-stream')
            : 'application/json'
      }
      if (route.method !== 'GET') headers['idempotency-key'] = idempotencyKey
      if (route.signed) Object.assign(headers, sign(route.method, path, body))
      const init = { method: route.method, headers, ...(route.body !== undefined && { body }) }
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await send(url + path, init, signal)
      if (typeof route.response === 'string') return response as CallResult<N>
      const wire = await jsonOf(response, signal)
      return decode(route.response, wire, 'invalid_oracle_answer') as CallResult<N>
    })
  }

  function sign(method: Route['method'], path: string, body: Uint8Array): Record<string, string> {
    if (identity === undefined) {
      throw new EarnestError('identity_missing', 'This route wants a signature: give an identity')
    }
    const prefix = new URL(url).pathname.replace(/\/+$/, '')
    return signRequest({
      identity,
      method,
      path: prefix + path,
      audience: did,
      body,
      issuedAt: clock.now(),
      nonce: crypto.randomUUID(),
    })
  }

  function open(target: string): Promise<Response> {
    // An oracle that points elsewhere could make a client fetch from inside its own network.
    const resolved = new URL(target, url)
    if (resolved.origin !== new URL(url).origin) {
      throw new EarnestError('foreign_url', `${resolved.origin} is not the oracle`)
    }
    return persist(() =>
      send(resolved.href, { method: 'GET' }, AbortSignal.timeout(FILE_TIMEOUT_MS)),
    )
  }

  function stream(
    query: Record<string, string>,
    { lastEventId, signal }: { lastEventId?: number | undefined; signal?: AbortSignal },
  ): Promise<Response> {
    const target = url + pathOf('listEvents') + queryText(query)
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    }
    // No time limit: a stream is silent for as long as nothing happens.
    return send(target, { method: 'GET', headers }, signal ?? null)
  }

  return { url, did, keyOf, clock, call, open, stream }
}

interface Given {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
  contentType?: string
  idempotencyKey?: string
}

function bodyOf(route: Route, given: Given): Uint8Array<ArrayBuffer> {
  if (route.body === undefined) return new Uint8Array(0)
  if (route.body === 'bytes') return new Uint8Array(given.body as Uint8Array)
  const wire = encode(route.body, given.body, 'invalid_request')
  return new TextEncoder().encode(JSON.stringify(wire))
}

function queryText(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  if (pairs.length === 0) return ''
  const text = new URLSearchParams()
  for (const [name, value] of pairs) text.append(name, String(value))
  return `?${text}`
}

async function jsonOf(response: Response, signal: AbortSignal | null): Promise<unknown> {
  const bytes = await readBounded(response, MAX_ANSWER_BYTES, signal ?? undefined).catch(
    (cause) => {
      if (!isEarnestError(cause, 'body_interrupted')) throw cause
      throw new EarnestError('oracle_unreachable', 'The answer broke off', {
        retryable: true,
        cause,
      })
    },
  )
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new EarnestError('invalid_oracle_answer', 'The oracle did not answer JSON', { cause })
  }
}

async function refusalOf(response: Response, signal: AbortSignal | null): Promise<EarnestError> {
  const problem = await jsonOf(response, signal)
    .then((body) => problemSchema.safeParse(body))
    .catch(() => undefined)
  const retryable = response.status >= 500 || response.status === 429
  if (problem?.success) return errorOfProblem({ retryable, ...problem.data })
  const message = `The oracle answered ${response.status}`
  return new EarnestError(retryable ? 'oracle_unreachable' : 'invalid_oracle_answer', message, {
    retryable,
    details: { status: response.status },
  })
}
