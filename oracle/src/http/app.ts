import { createHash } from 'node:crypto'
import {
  API_BASE,
  bodySha256Of,
  decode,
  EarnestError,
  encode,
  MAX_FILE_SIZE,
  type ProvenRequest,
  type Route,
  type RouteName,
  routes,
  type SignedRequest,
  type WalletVerifier,
} from '@earnest/sdk/protocol'
import { Hono, type Context as Http } from 'hono'
import type { Address } from 'viem'
import type * as z from 'zod'
import { whenFunded } from '../escrow/news.ts'
import type { Oracle } from '../oracle.ts'
import { createPages, faultResponse, wantsPage } from '../pages/pages.ts'
import { assertUploader, keepArtifact } from '../settlement/artifact.ts'
import { countDisputes } from '../settlement/disputeLog.ts'
import { openGrant } from '../settlement/grant.ts'
import { assertUsable } from '../settlement/inspect.ts'
import { assertNotRefused } from '../settlement/refusal.ts'
import { countParked } from '../store/parked.ts'
import { AT_ONCE, type AtOnce } from './atOnce.ts'
import { type Opened, openRequest, pathOf } from './authenticate.ts'
import { assertLength, readBody } from './body.ts'
import type { StreamRoute } from './call.ts'
import { createCalls, type OperatorInfo } from './calls.ts'
import { docsPage } from './docs.ts'
import { eventStream } from './events.ts'
import { createLimiter, type Limit } from './limit.ts'
import type { Metrics } from './metrics.ts'
import { once, useNonce } from './once.ts'
import { openApiDocument } from './openapi.ts'
import { problemOf } from './problem.ts'
import { createSlots } from './slots.ts'
import { createTail } from './tail.ts'

export type AppOptions = {
  info: OperatorInfo
  /** Where clients reach this oracle, without a trailing slash. */
  publicUrl: string
  verifyWallet: WalletVerifier
  /** What ether costs, base units of USDC, to say what gas costs; absent: in wei only. */
  etherUsdc?: bigint | undefined
  metrics: Metrics
  /** Who sends a request, for the limits: an IP address. */
  clientOf: (http: Http) => string
  /** Milliseconds that never go back. */
  monotonic: () => number
  /** Requests without a signature, each client. */
  readLimit?: Limit
  /** Signed writes, each agent. */
  writeLimit?: Limit
  maxJsonBytes?: number
  maxArtifactBytes?: number
  /** What may be under way at once. */
  atOnce?: AtOnce
  /** Milliseconds for which a seller that comes before the index is let wait. */
  patienceMs?: number
  /** Moderators besides those who have the seat of an arbiter. */
  moderators?: readonly Address[]
}

const MIB = 1024 * 1024
/** Bytes of a registration with its deposits, whose sender is known before they are read. */
const MAX_REGISTRATION = 32 * MIB
/** Bytes of an upload whose sender is known only after its last byte. */
const MAX_UNPROVEN_UPLOAD = MIB

type Counts = Parameters<Metrics['text']>[1]
type Parts = { params: unknown; query: unknown; body: unknown } & Asker
/** Who signed a request, and what proves it; nobody, where nobody did. */
type Asker = { by: string; proof?: SignedRequest }
const NOBODY: Asker = { by: '' }

/** The oracle's HTTP interface: every route of the protocol, checked by the protocol's own schemas. */
export function createApp(oracle: Oracle, options: AppOptions): Hono {
  const { clock, signer, db } = oracle
  const { metrics, monotonic, publicUrl } = options
  const maxJsonBytes = options.maxJsonBytes ?? 256 * 1024
  const maxArtifactBytes = options.maxArtifactBytes ?? MAX_FILE_SIZE
  const reads = createLimiter(options.readLimit ?? { burst: 200, perSecond: 50 }, monotonic)
  const writes = createLimiter(options.writeLimit ?? { burst: 100, perSecond: 20 }, monotonic)
  const patienceMs = options.patienceMs ?? PATIENCE_MS
  const { bytes, uploads, streams } = options.atOnce ?? AT_ONCE
  const bodies = createSlots(bytes)
  const uploading = createSlots(uploads)
  const listening = createSlots(streams)
  const tail = createTail(oracle)
  const calls = createCalls(oracle, { ...options, patienceMs }) as unknown as Record<
    string,
    (input: Parts) => Promise<unknown>
  >
  const answers = new Map<string, { text: string; rings: number; at: number }>()
  let counted: { at: number; asked: Promise<Counts> } | undefined
  const app = new Hono()

  app.use(async (http, next) => {
    const started = monotonic()
    await next()
    metrics.observe(http.req.method, http.res.status, monotonic() - started)
    http.res.headers.set('X-Content-Type-Options', 'nosniff')
  })
  app.onError((error, http) => problemResponse(http, error))
  app.notFound((http) => {
    const missing = new EarnestError('not_found', 'No such route or record')
    const isApi = http.req.path.startsWith(`${API_BASE}/`)
    return wantsPage(http) && !isApi
      ? faultResponse(problemOf(missing))
      : problemResponse(http, missing)
  })

  for (const [name, route] of Object.entries<Route>(routes)) {
    if (isStream(name) || name === 'getTrust') continue
    app.on(route.method, API_BASE + route.path, (http) => answer(http, name, route))
  }
  app.put(API_BASE + routes.putArtifact.path, putArtifact)
  app.get(API_BASE + routes.getArtifact.path, getArtifact)
  app.get(API_BASE + routes.getTrust.path, getTrust)
  app.get(API_BASE + routes.listEvents.path, listEvents)
  const document = openApiDocument({ publicUrl, did: signer.did })
  const page = docsPage(document)
  app.get('/openapi.json', (http) => http.json(document))
  app.get('/docs', (http) => http.html(page))
  app.get('/health', (http) => http.json({ status: 'ok' }))
  app.get('/ready', ready)
  app.route(
    '/',
    createPages(oracle, {
      ...options,
      moderators: options.moderators ?? [],
      admit,
      problemOf: pageProblem,
    }),
  )
  app.get('/metrics', async (http) => {
    reads.take(options.clientOf(http))
    http.header('Content-Type', metrics.contentType)
    return http.body(await metrics.text(oracle.status(), await counts()))
  })
  return app

  /** Counting goes through every dispute: once for all who ask within a second. */
  function counts(): Promise<Counts> {
    const now = monotonic()
    if (counted === undefined || now - counted.at >= COUNT_MS) {
      const asked = Promise.all([countParked(db), countDisputes(db)]).then(
        ([parked, disputes]) => ({ parked, disputes }),
      )
      counted = { at: now, asked }
      asked.catch(() => {
        counted = undefined
      })
    }
    return counted.asked
  }

  function admit(http: Http): void {
    reads.take(options.clientOf(http))
  }

  function pageProblem(error: unknown) {
    const problem = problemOf(error)
    if (problem.status >= 500) metrics.fault(error)
    return problem
  }

  async function answer(http: Http, name: string, route: Route): Promise<Response> {
    const client = options.clientOf(http)
    reads.take(client)
    http.header('Cache-Control', 'no-store')
    if (!route.signed) {
      const body = await respond(name, route, partsOf(http, route, undefined, NOBODY))
      return http.json(body as object, route.status)
    }
    const opened = await open(http)
    // Only an agent that has signed for it makes this oracle take in more than a short text.
    const limit = name === 'registerPact' && opened.proven ? MAX_REGISTRATION : maxJsonBytes
    const { bytes, release } = await readBody(http, { limit, slots: bodies, client })
    try {
      const bodySha256 = createHash('sha256').update(bytes).digest('hex')
      const request = prove(opened, bodySha256)
      const { signer: by, proof } = request
      const parts = partsOf(http, route, bytes, { by, proof })
      if (route.method === 'GET') {
        await useNonce(oracle, { ...request, method: route.method, path: pathOf(http), bodySha256 })
        return http.json((await respond(name, route, parts)) as object, route.status)
      }
      return await write(http, request, bodySha256, async () => ({
        status: route.status,
        body: await respond(name, route, parts),
      }))
    } finally {
      release()
    }
  }

  /** The headers of a signed request; an agent that is proven by them pays with its own budget. */
  async function open(http: Http): Promise<Opened> {
    const opened = await openRequest(oracle, http)
    if (opened.proven) writes.take(opened.signer)
    return opened
  }

  function prove(opened: Opened, bodySha256: string): ProvenRequest {
    const request = opened.prove(bodySha256)
    if (!opened.proven) writes.take(request.signer)
    return request
  }

  /** The one route under load: its answer is kept as text until something changes. */
  async function getTrust(http: Http): Promise<Response> {
    reads.take(options.clientOf(http))
    const key = http.req.url
    const kept = answers.get(key)
    const rings = oracle.bell.rings()
    const now = monotonic()
    if (kept && kept.rings === rings && now - kept.at < ANSWER_MS) return trustResponse(kept.text)
    const parts = partsOf(http, routes.getTrust, undefined, NOBODY)
    const text = JSON.stringify(await respond('getTrust', routes.getTrust, parts))
    if (http.req.query('nonce') === undefined) {
      if (answers.size >= MAX_ANSWERS) answers.clear()
      answers.set(key, { text, rings, at: now })
    }
    return trustResponse(text)
  }

  async function respond(name: string, route: Route, parts: Parts): Promise<unknown> {
    const call = calls[name]
    if (!call) throw new EarnestError('not_found', 'No such route')
    const output = await call(parts)
    return encode(route.response as z.ZodType, output, 'internal')
  }

  async function write(
    http: Http,
    request: ProvenRequest,
    bodySha256: string,
    run: () => Promise<{ status: number; body: unknown }>,
  ): Promise<Response> {
    const key = http.req.header('idempotency-key') ?? request.nonce
    if (key.length > 200) throw new EarnestError('invalid_request', 'Idempotency-Key is too long')
    const result = await once(
      oracle,
      { ...request, key, method: http.req.method, path: pathOf(http), bodySha256 },
      run,
    )
    if (result.repeated) http.header('Idempotent-Replayed', 'true')
    return http.json(result.body as object, result.status as 200)
  }

  async function putArtifact(http: Http): Promise<Response> {
    const { escrowId, name } = decode(
      routes.putArtifact.params,
      http.req.param(),
      'invalid_request',
    )
    const client = options.clientOf(http)
    reads.take(client)
    http.header('Cache-Control', 'no-store')
    // Before a byte is read: an upload is only for the seller of this escrow, while it takes one.
    const opened = await open(http)
    const waiting = { escrowId, milliseconds: patienceMs }
    await whenFunded(oracle.news, waiting, () => assertUploader(db, escrowId, opened.signer))
    const maxBytes = opened.proven
      ? maxArtifactBytes
      : Math.min(MAX_UNPROVEN_UPLOAD, maxArtifactBytes)
    assertLength(http, maxBytes)
    const mime = mimeOf(http)
    const account = oracle.examTime.of(opened.signer)
    // What was refused before is refused before it is read again.
    const sha256 = opened.proven && bodySha256Of((header) => http.req.header(header))
    if (sha256) await assertNotRefused(oracle, { sha256, mime, name })
    const source = http.req.raw.body as unknown as AsyncIterable<Uint8Array> | null
    if (!source) throw new EarnestError('empty_artifact', 'an empty file is no delivery')
    const slot = uploading.take(client)
    try {
      const blob = await oracle.blobs.put({ source, maxBytes, at: clock.now() })
      try {
        return await write(http, prove(opened, blob.sha256), blob.sha256, async () => {
          await assertUsable(oracle, { blob, name, mime, account })
          await keepArtifact(oracle, { escrowId, name, blob, by: opened.signer })
          return { status: 201, body: { name, size: blob.size, sha256: blob.sha256 } }
        })
      } catch (error) {
        // Whatever refused it: an upload that was not filed leaves nothing behind.
        if (blob.isNew) await oracle.blobs.drop(blob.id)
        throw error
      }
    } finally {
      slot.release()
    }
  }

  async function getArtifact(http: Http): Promise<Response> {
    reads.take(options.clientOf(http))
    const { token } = decode(routes.getArtifact.params, http.req.param(), 'grant_unknown')
    const file = await openGrant(oracle, token)
    return new Response(ReadableStream.from(file.bytes), {
      headers: {
        'Content-Type': file.mime,
        'Content-Length': String(file.size),
        // What a seller delivered is never shown as a page of this origin.
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'Cache-Control': 'no-store',
      },
    })
  }

  async function listEvents(http: Http): Promise<Response> {
    const client = options.clientOf(http)
    reads.take(client)
    const { agent, pactId, escrowId } = decode(
      routes.listEvents.query,
      http.req.query(),
      'invalid_request',
    )
    const seen = http.req.header('last-event-id')
    if (seen !== undefined && !/^\d{1,15}$/.test(seen)) {
      throw new EarnestError('invalid_request', 'Last-Event-ID is a number')
    }
    const slot = listening.take(client)
    const stream = eventStream(oracle, {
      tail,
      filter: { agent, pactId, escrowId },
      lastEventId: seen === undefined ? undefined : Number(seen),
      signal: http.req.raw.signal,
      onEnd: slot.release,
    })
    return new Response(stream, {
      headers: {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      },
    })
  }

  async function ready(http: Http): Promise<Response> {
    const { head, leader, following, error } = oracle.status()
    const lag = head ? clock.now() - head.timestamp : null
    const isReady = error === undefined && following
    const status = isReady ? 'ready' : 'not ready'
    const { warnings } = oracle.trust
    const body = { status, head: head?.number ?? null, lag, leader, error, warnings }
    return http.json(body, isReady ? 200 : 503)
  }

  function problemResponse(http: Http, error: unknown): Response {
    const problem = problemOf(error)
    if (problem.status >= 500) metrics.fault(error)
    const retryAfter = problem.details?.retryAfter
    return new Response(JSON.stringify(problem), {
      status: problem.status,
      headers: {
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        ...((problem.status === 429 || retryAfter !== undefined) && {
          'Retry-After': String(retryAfter ?? 60),
        }),
        ...(http.req.method === 'HEAD' && { 'Content-Length': '0' }),
      },
    })
  }
}

/** Milliseconds for which another process may change a record before this one notices. */
const ANSWER_MS = 250
const MAX_ANSWERS = 10_000
/** Shorter than any client waits for its answer. */
const PATIENCE_MS = 2000
/** Milliseconds for which the counts of `/metrics` are good. */
const COUNT_MS = 1000

function trustResponse(text: string): Response {
  return new Response(text, {
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  })
}

function isStream(name: string): name is StreamRoute {
  const streams: readonly RouteName[] = ['putArtifact', 'getArtifact', 'listEvents']
  return streams.some((stream) => stream === name)
}

function partsOf(http: Http, route: Route, bytes: Uint8Array | undefined, asker: Asker): Parts {
  const params = route.params && decode(route.params, http.req.param(), 'invalid_request')
  const query = route.query && decode(route.query, http.req.query(), 'invalid_request')
  const body =
    route.body && route.body !== 'bytes'
      ? decode(route.body, parseJson(bytes), 'invalid_request')
      : undefined
  return { params, query, body, ...asker }
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new EarnestError('invalid_json', 'The body is not JSON', { cause })
  }
}

/** The declared type of an upload, without parameters; bytes of none where it says nothing. */
function mimeOf(http: Http): string {
  const [type = ''] = (http.req.header('content-type') ?? '').split(';')
  return type.trim().toLowerCase() || 'application/octet-stream'
}
