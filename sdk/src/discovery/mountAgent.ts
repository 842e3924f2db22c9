import {
  A2A_VERSION_HEADER,
  AGENT_CARD_PATH,
  AgentCard,
  Extensions,
  formatSSEErrorEvent,
  formatSSEEvent,
  HTTP_EXTENSION_HEADER,
  SSE_HEADERS,
} from '@a2a-js/sdk'
import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server'
import { ContentTypeNotSupportedError } from '@a2a-js/sdk/errors'
import {
  type AgentExecutor,
  type DefaultRequestHandlerOptions,
  defaultServerCallContextBuilder,
  getSupportedVersions,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type TaskStore,
  UnauthenticatedUser,
  type User,
  validateVersion,
} from '@a2a-js/sdk/server'
import { Hono } from 'hono'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { readBounded } from '../protocol/readBounded.ts'
import { translateTasksSend } from './legacyTask.ts'
import { createRequestHandler } from './requestHandler.ts'
import { serveDocument } from './serveDocument.ts'

/** The version before 1.0; also what a request without a version header speaks. */
const LEGACY_VERSION = '0.3'
/** Extension header of A2A 0.3. */
const LEGACY_EXTENSION_HEADER = 'X-A2A-Extensions'
const MAX_BODY = 2 * 1024 * 1024

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const INVALID_PARAMS = -32602
const INTERNAL_ERROR = -32603

/** What an agent behind A2A is made of. */
export interface MountOptions {
  /**
   * The card as wire JSON (for an SDK object: `AgentCard.toJSON(card)`); served as it is, also with its
   * signatures. A JSON-RPC interface with protocolVersion 0.3 beside the 1.0 one also admits old clients.
   */
  card: object
  executor: AgentExecutor
  /** Default: in memory. */
  taskStore?: TaskStore
  /** Awaited before each answer and each event of a stream: has on disk what they tell. */
  settle?: () => Promise<void>
  /** Who calls; throws to refuse with 401. Default: everybody is the same stranger. */
  authenticate?: (request: Request) => Promise<User>
  /** Whether the caller may cancel this task; default: A2A's own rules alone. */
  isCancelable?: (taskId: string) => Promise<boolean>
  /** Path of the JSON-RPC endpoint. */
  path?: string
  /** Further public JSON documents by path, such as `/.well-known/agent.json`. */
  documents?: Readonly<Record<string, object>>
  /** Unix seconds at which the card last changed. */
  lastModified?: number
  /** Bytes of a request body. */
  maxBodyBytes?: number
  /** Milliseconds in which a request body has to be there. */
  bodyTimeoutMs?: number
  handlerOptions?: DefaultRequestHandlerOptions
}

/**
 * Serves any A2A executor and card as a fetch handler on Hono, without Express: JSON-RPC of A2A 1.0 with
 * streaming, 0.3 and `tasks/send` where the card names 0.3, and the card itself.
 * @example
 * const app = mountAgent({ card, executor })
 * serve({ fetch: app.fetch, port: 4000 })
 */
export function mountAgent(options: MountOptions): Hono {
  const { executor, taskStore = new InMemoryTaskStore(), path = '/a2a' } = options
  const { lastModified = 0, maxBodyBytes = MAX_BODY, documents = {} } = options
  const { bodyTimeoutMs = 30_000, settle = async () => {} } = options
  const card = AgentCard.fromJSON(options.card as Parameters<typeof AgentCard.fromJSON>[0])
  const handler = createRequestHandler({
    card,
    executor,
    taskStore,
    isCancelable: options.isCancelable,
    options: options.handlerOptions,
  })
  const current = new JsonRpcTransportHandler(handler)
  const legacy = getSupportedVersions(card, 'JSONRPC').has(LEGACY_VERSION)
    ? new LegacyJsonRpcTransportHandler(handler)
    : undefined
  const declared = card.capabilities?.extensions.map(({ uri }) => uri) ?? []
  const required = card.capabilities?.extensions.filter((one) => one.required) ?? []

  async function answer(request: Request): Promise<Response> {
    // Step 1: the transport. A refusal here names no request id, because none was read.
    const mediaType = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    if (mediaType !== 'application/json') {
      const error = new ContentTypeNotSupportedError('Want application/json')
      return json({
        jsonrpc: '2.0',
        id: null,
        error: JsonRpcTransportHandler.mapToJSONRPCError(error),
      })
    }
    let text: string
    try {
      const bytes = await readBounded(request, maxBodyBytes, AbortSignal.timeout(bodyTimeoutMs))
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (error) {
      if (!isEarnestError(error)) return failure(null, PARSE_ERROR, 'Want UTF-8')
      const status = error.code === 'body_too_large' ? 413 : 408
      return failure(null, INVALID_REQUEST, error.message, status)
    }
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return failure(null, PARSE_ERROR, 'Invalid JSON payload')
    }
    if (!isRpcRequest(body)) return failure(idOf(body), INVALID_REQUEST, 'Invalid JSON-RPC request')

    // Step 2: who calls, in which version, with which extensions.
    const header = (name: string) => request.headers.get(name) ?? undefined
    // A patch number counts for nothing in a version (section 3.6).
    const version = header(A2A_VERSION_HEADER)
      ?.trim()
      .replace(/^(\d+\.\d+)\.\d+$/, '$1')
    const isUnnamed = version === undefined || version === ''
    const isLegacy = legacy !== undefined && (isUnnamed || version === LEGACY_VERSION)
    const extensionHeader = isLegacy ? LEGACY_EXTENSION_HEADER : HTTP_EXTENSION_HEADER
    const requested = Extensions.parseServiceParameter(
      header(extensionHeader) ?? header(HTTP_EXTENSION_HEADER),
    )
    let user: User
    try {
      user = (await options.authenticate?.(request)) ?? new UnauthenticatedUser()
    } catch {
      return failure(idOf(body), INVALID_REQUEST, 'Not authenticated', 401, {
        'www-authenticate': 'Bearer',
      })
    }

    // Step 3: dispatch.
    const mapError = isLegacy
      ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError
      : JsonRpcTransportHandler.mapToJSONRPCError
    try {
      // `tasks/send` is older than extensions: who sends it can declare none.
      const isTasksSend = isLegacy && body.method === 'tasks/send'
      if (isLegacy) checkPush(body)
      const translated = isTasksSend ? translateTasksSend(body) : undefined
      const context = defaultServerCallContextBuilder({
        extensions: isTasksSend ? required.map(({ uri }) => uri) : requested,
        user,
        headers: Object.fromEntries(request.headers),
        ...(!isUnnamed && { requestedVersion: version }),
      })
      validateVersion(context.requestedVersion, card, 'JSONRPC')
      const transport = isLegacy ? legacy : current
      const result = await transport.handle(translated?.request ?? body, context)
      const activated = new Set(context.activatedExtensions ?? [])
      for (const uri of requested) if (declared.includes(uri)) activated.add(uri)
      const headers =
        activated.size === 0
          ? {}
          : { [extensionHeader]: Extensions.toServiceParameter([...activated]) }
      if (isStream(result)) {
        return stream(settled(result, settle), { id: idOf(body), mapError, headers })
      }
      await settle()
      if (isInternal(result)) throw new Error('A fault of ours', { cause: result })
      if (translated && 'result' in result) {
        return json({ ...result, result: translated.translateResult(result.result) }, 200, headers)
      }
      return json(result, 200, headers)
    } catch (error) {
      if (isEarnestError(error, 'invalid_params')) {
        return failure(idOf(body), INVALID_PARAMS, error.message)
      }
      const mapped = discreet(mapError(error))
      const status = mapped.code === INTERNAL_ERROR ? 500 : 200
      return json({ jsonrpc: '2.0', id: idOf(body), error: mapped }, status)
    }
  }

  const app = new Hono()
  for (const [where, document] of Object.entries({
    [`/${AGENT_CARD_PATH}`]: options.card,
    ...documents,
  })) {
    const serve = serveDocument(document, lastModified)
    app.get(where, ({ req }) => serve(req.raw))
  }
  const bare = path.replace(/\/+$/, '')
  app.post(bare === '' ? '/' : bare, ({ req }) => answer(req.raw))
  if (bare !== '') app.post(`${bare}/`, ({ req }) => answer(req.raw))
  return app
}

interface RpcRequest extends Record<string, unknown> {
  method: string
}

function isRpcRequest(body: unknown): body is RpcRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false
  const { jsonrpc, method, id } = body as Record<string, unknown>
  if (jsonrpc !== '2.0' || typeof method !== 'string' || method === '') return false
  return !('id' in body) || id === null || typeof id === 'string' || Number.isInteger(id)
}

/** The library reads this member before it looks whether it is there. */
function checkPush({ method, params }: RpcRequest): void {
  if (method !== 'tasks/pushNotificationConfig/set') return
  const { pushNotificationConfig } = (params ?? {}) as { pushNotificationConfig?: unknown }
  if (typeof pushNotificationConfig !== 'object' || pushNotificationConfig === null) {
    throw new EarnestError('invalid_params', 'Want a pushNotificationConfig')
  }
}

/** The message of a fault of ours may say what is nobody's business. */
function discreet<T extends { code: number; message: string }>(error: T) {
  return error.code === INTERNAL_ERROR ? { code: INTERNAL_ERROR, message: 'Internal error' } : error
}

/** The library answers some faults of its own with their words. */
function isInternal(result: object): boolean {
  return (result as { error?: { code?: unknown } }).error?.code === INTERNAL_ERROR
}

function idOf(body: unknown): string | number | null {
  if (typeof body !== 'object' || body === null) return null
  const { id } = body as { id?: unknown }
  return typeof id === 'string' || Number.isInteger(id) ? (id as string | number) : null
}

function isStream(result: object): result is AsyncGenerator<unknown> {
  return Symbol.asyncIterator in result
}

async function* settled(
  events: AsyncGenerator<unknown>,
  settle: () => Promise<void>,
): AsyncGenerator<unknown> {
  for await (const event of events) {
    await settle()
    yield event
  }
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers })
}

function failure(
  id: string | number | null,
  code: number,
  message: string,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return json({ jsonrpc: '2.0', id, error: { code, message } }, status, headers)
}

/** An error before the first event is a plain answer; after it, the last event of the stream. */
async function stream(
  events: AsyncGenerator<unknown>,
  { id, mapError, headers }: StreamOptions,
): Promise<Response> {
  const refusal = (error: unknown) => ({ jsonrpc: '2.0', id, error: discreet(mapError(error)) })
  let next: IteratorResult<unknown>
  try {
    next = await events.next()
  } catch (error) {
    return json(refusal(error), 200, headers)
  }
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (next.done) return controller.close()
        controller.enqueue(encoder.encode(formatSSEEvent(next.value)))
        next = await events.next()
        if (next.done) controller.close()
      } catch (error) {
        controller.enqueue(encoder.encode(formatSSEErrorEvent(refusal(error))))
        controller.close()
      }
    },
    async cancel() {
      await events.return(undefined)
    },
  })
  return new Response(body, { headers: { ...SSE_HEADERS, ...headers } })
}

interface StreamOptions {
  id: string | number | null
  mapError: (error: unknown) => { code: number; message: string }
  headers: Record<string, string>
}
