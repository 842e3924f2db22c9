import { type AgentCard, type Message, Role, type Task, TaskState } from '@a2a-js/sdk'
import { JsonRpcTransportFactory } from '@a2a-js/sdk/client'
import { A2AError } from '@a2a-js/sdk/errors'
import type { Clock } from '../protocol/clock.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { Identity } from '../protocol/identity.ts'
import { PACT_EXTENSION, type ResponseMessage, responseMessageSchema } from '../protocol/message.ts'
import { readBounded } from '../protocol/readBounded.ts'
import { issueBearer } from './bearer.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** The way was chosen by a card that was proven; the transport reads none. */
const NO_CARD: AgentCard = {
  name: '',
  description: '',
  version: '',
  supportedInterfaces: [],
  provider: undefined,
  capabilities: undefined,
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: [],
  defaultOutputModes: [],
  skills: [],
  signatures: [],
}

/** What the other agent answered, and where the A2A task stands. */
export interface Reply {
  taskId: string
  contextId: string
  /** True once the task takes no more messages. */
  isTerminal: boolean
  /** Undefined where the agent only talks. */
  response: ResponseMessage | undefined
  text: string
}

/** One conversation partner behind A2A. */
export interface Channel {
  /** Sends a message of the pact extension in wire form. Throws `agent_unreachable` (retryable), `a2a_refused`, `invalid_response`. */
  send(payload: object, options?: SendOptions): Promise<Reply>
  /** Reads a task. Throws as `send`. */
  read(taskId: string): Promise<Reply>
}

/** Where a message belongs and how long to wait for it. */
export interface SendOptions {
  taskId?: string
  contextId?: string
  text?: string
  /** True: answer as soon as the task stands, the work goes on. */
  returnImmediately?: boolean
  timeoutMs?: number
}

/** Opens a channel to an A2A 1.0 endpoint; every request carries a fresh bearer token of the caller. */
export function createChannel({
  endpoint,
  identity,
  clock,
  fetch = globalThis.fetch,
}: {
  endpoint: string
  identity: Identity
  clock: Clock
  fetch?: typeof globalThis.fetch
}): Channel {
  const factory = new JsonRpcTransportFactory({
    fetchImpl: async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('a2a-version', '1.0')
      headers.set('a2a-extensions', PACT_EXTENSION)
      const token = issueBearer({ identity, audience: endpoint, now: clock.now() })
      headers.set('authorization', `Bearer ${token}`)
      const response = await fetch(input, { ...init, headers, redirect: 'error' })
      const body = await readBounded(response, MAX_ANSWER_BYTES, init?.signal ?? undefined)
      return new Response(body, { status: response.status, headers: response.headers })
    },
  })

  const opened = factory.create(endpoint, NO_CARD)

  return {
    async send(payload, options = {}) {
      const { taskId = '', contextId = '', text, returnImmediately = false } = options
      const { timeoutMs = 60_000 } = options
      const data = structuredClone(payload)
      const message: Message = {
        messageId: crypto.randomUUID(),
        taskId,
        contextId,
        role: Role.ROLE_USER,
        parts: [
          ...(text === undefined ? [] : [partOf({ $case: 'text', value: text }, 'text/plain')]),
          partOf({ $case: 'data', value: data }, 'application/json'),
        ],
        metadata: { [PACT_EXTENSION]: data },
        extensions: [PACT_EXTENSION],
        referenceTaskIds: [],
      }
      const transport = await opened
      const result = await ask(() =>
        transport.sendMessage(
          {
            tenant: '',
            message,
            configuration: {
              acceptedOutputModes: [],
              taskPushNotificationConfig: undefined,
              historyLength: 0,
              returnImmediately,
            },
            metadata: undefined,
          },
          { signal: AbortSignal.timeout(timeoutMs) },
        ),
      )
      return 'messageId' in result ? replyOfMessage(result) : replyOfTask(result)
    },
    async read(taskId) {
      const transport = await opened
      const task = await ask(() =>
        transport.getTask(
          { tenant: '', id: taskId, historyLength: 0 },
          { signal: AbortSignal.timeout(30_000) },
        ),
      )
      return replyOfTask(task)
    },
  }
}

async function ask<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isEarnestError(cause) && cause.code !== 'body_interrupted') throw cause
    const name = cause instanceof Error ? cause.name : ''
    const isRefusal = cause instanceof A2AError
    const message = cause instanceof Error ? cause.message : 'The agent did not answer'
    throw new EarnestError(isRefusal ? 'a2a_refused' : 'agent_unreachable', message, {
      retryable: !isRefusal,
      details: { name },
      cause,
    })
  }
}

const TERMINAL = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
])

function replyOfTask({ id, contextId, status }: Task): Reply {
  const { response, text } = contentOf(status?.message)
  const isTerminal = status !== undefined && TERMINAL.has(status.state)
  return { taskId: id, contextId, isTerminal, response, text }
}

function replyOfMessage(message: Message): Reply {
  const { taskId, contextId } = message
  return { taskId, contextId, isTerminal: true, ...contentOf(message) }
}

function contentOf(message: Message | undefined): Pick<Reply, 'response' | 'text'> {
  const wire = message?.metadata?.[PACT_EXTENSION]
  const response =
    wire === undefined ? undefined : decode(responseMessageSchema, wire, 'invalid_response')
  const text = (message?.parts ?? [])
    .map(({ content }) => (content?.$case === 'text' ? content.value : ''))
    .join('\n')
    .trim()
  return { response, text }
}

function partOf(
  content: { $case: 'text'; value: string } | { $case: 'data'; value: object },
  mediaType: string,
): Message['parts'][number] {
  return { content, mediaType, filename: '', metadata: undefined }
}
