import { type Artifact, type Message, Role, type Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server'
import type { DisputeDesk } from './disputeDesk.ts'
import type { Negotiator } from './negotiation/respond.ts'
import { readPayload } from './payload.ts'
import type { Clock } from './protocol/clock.ts'
import { decode, encode } from './protocol/decode.ts'
import { isEarnestError } from './protocol/error.ts'
import {
  PACT_EXTENSION,
  type RequestMessage,
  type ResponseMessage,
  requestMessageSchema,
  responseMessageSchema,
} from './protocol/message.ts'
import { encodePact } from './protocol/pact.ts'
import { formatUtc } from './protocol/time.ts'
import { stall } from './stall.ts'
import { STRANGER } from './taskStore.ts'
import type { Work } from './work.ts'

/** What the A2A side of a seller needs. */
export interface ExecutorOptions {
  negotiator: Negotiator
  work: Work
  disputes: DisputeDesk
  clock: Clock
  /** Capability ids, to name what we do where a message is about something else. */
  capabilities: readonly string[]
  /** Told of every message that is none of them; `taskType` null: free talk. */
  onOutside?: (request: OutsideRequest) => void
  /** What the owner wants said in a conversation; each once. */
  takeSayings?: (taskId: string) => Promise<readonly string[]>
}

/** A message that is not in the catalogue. */
export interface OutsideRequest {
  taskId: string
  /** DID of an authenticated caller. */
  caller: string | undefined
  taskType: string | null
  text: string
}

/** Answers one message of the extension; what is none of it answers as talk. */
export async function handleMessage(
  message: unknown,
  {
    taskId,
    caller,
    options,
  }: { taskId: string; caller: string | undefined; options: ExecutorOptions },
): Promise<ResponseMessage> {
  const { negotiator, work, disputes, capabilities } = options
  const taskType = (message as { taskType?: unknown } | null)?.taskType
  const known = [
    'pact_negotiation',
    'pact_acceptance',
    'pact_rejection',
    'settlement_offer',
    ...capabilities,
  ]
  if (typeof taskType !== 'string' || !known.includes(taskType)) {
    const text = JSON.stringify(message) ?? ''
    options.onOutside?.({ taskId, caller, taskType: String(taskType), text })
    return declined('unknown_task_type', `Want one of ${known.join(', ')}`)
  }
  let request: RequestMessage
  try {
    request = decode(requestMessageSchema, message, 'invalid_message')
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return declined(error.code, error.message.slice(0, 500))
  }
  // By shape and not by name: what is said has a payload, work has an escrow.
  if ('payload' in request && request.taskType === 'settlement_offer') {
    return await disputes.consider(request)
  }
  if ('payload' in request) return await negotiator.respond(request, { taskId, caller })
  return await work.begin(request)
}

/**
 * The A2A executor of a seller: structured messages go to negotiation and work, everything else is talk
 * that changes nothing (TOL-03, TOL-07, TOL-08). The task takes messages until its trade has ended.
 */
export function createExecutor(options: ExecutorOptions): AgentExecutor {
  const { clock } = options
  const now = () => formatUtc(clock.now())

  async function execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const { taskId, contextId, userMessage, task } = context
    const userName = context.context.user?.userName ?? ''
    const caller = userName === '' || userName.startsWith(STRANGER) ? undefined : userName
    const read = readPayload(userMessage)
    context.context.addActivatedExtension(PACT_EXTENSION)

    const opened: Task = {
      id: taskId,
      contextId,
      status: { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: now() },
      artifacts: task?.artifacts ?? [],
      history: task?.history ?? [userMessage],
      metadata: task?.metadata,
    }
    bus.publish(AgentEvent.task(opened))

    if (read === undefined) {
      const text = textOf(userMessage)
      options.onOutside?.({ taskId, caller, taskType: null, text })
      await end(TaskState.TASK_STATE_INPUT_REQUIRED, sayTo(context, stall(text)))
      return
    }
    let response: ResponseMessage
    try {
      response =
        'refusal' in read
          ? declined(...read.refusal)
          : await handleMessage(read.payload, { taskId, caller, options })
    } catch {
      // The cause is ours to log; the caller learns that it may try again.
      response = declined('temporarily_unavailable', 'We cannot answer now, please try again')
    }
    if (response.status === 'accepted') await publishPact(response.pactHash)
    if (response.status === 'completed' && response.deliverable !== undefined) {
      publish(
        bus,
        context,
        artifactOf('manifest', 'Manifest of the delivery', response.deliverable),
      )
    }
    await end(stateAfter(response), answerTo(context, response))

    /** Ends the turn, with what the owner wants said: words for the other side, which decide nothing. */
    async function end(state: TaskState, message: Message): Promise<void> {
      const sayings = (await options.takeSayings?.(taskId).catch(() => [])) ?? []
      const parts = sayings.map((text) => textPart(`From the owner of this agent: ${text}`))
      finish(bus, context, state, { ...message, parts: [...message.parts, ...parts] })
    }

    async function publishPact(pactId: string): Promise<void> {
      const agreed = await options.negotiator.agreed(pactId)
      if (agreed === undefined) return
      const { pact, ...rest } = agreed.signed
      const data = { pact: encodePact(pact), ...rest }
      publish(bus, context, artifactOf('signed-pact', 'The pact with both signatures', data))
    }
  }

  function finish(
    bus: ExecutionEventBus,
    { taskId, contextId }: RequestContext,
    state: TaskState,
    message: Message,
  ): void {
    bus.publish(
      AgentEvent.statusUpdate({
        taskId,
        contextId,
        status: { state, message, timestamp: now() },
        metadata: undefined,
      }),
    )
  }

  async function cancelTask(taskId: string, bus: ExecutionEventBus): Promise<void> {
    const status = {
      state: TaskState.TASK_STATE_CANCELED,
      message: undefined,
      timestamp: now(),
    }
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId: '', status, metadata: undefined }))
  }

  return { execute, cancelTask }
}

function textOf({ parts }: Message): string {
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('\n')
}

function stateAfter({ status }: ResponseMessage): TaskState {
  // A failed job is over; everything else may still be talked about until the escrow has ended.
  return status === 'execution_failed'
    ? TaskState.TASK_STATE_FAILED
    : TaskState.TASK_STATE_INPUT_REQUIRED
}

function answerTo(context: RequestContext, response: ResponseMessage): Message {
  const data = encode(responseMessageSchema, response, 'invalid_response')
  const message = sayTo(context, sentenceOf(response))
  return {
    ...message,
    parts: [
      ...message.parts,
      {
        content: { $case: 'data', value: data },
        mediaType: 'application/json',
        filename: '',
        metadata: undefined,
      },
    ],
    metadata: { [PACT_EXTENSION]: data },
    extensions: [PACT_EXTENSION],
  }
}

function sayTo({ taskId, contextId }: RequestContext, text: string): Message {
  return {
    messageId: crypto.randomUUID(),
    taskId,
    contextId,
    role: Role.ROLE_AGENT,
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

function textPart(text: string): Message['parts'][number] {
  return {
    content: { $case: 'text', value: text },
    mediaType: 'text/plain',
    filename: '',
    metadata: undefined,
  }
}

function sentenceOf(response: ResponseMessage): string {
  switch (response.status) {
    case 'accepted':
      return 'Agreed. Work begins when the escrow is funded.'
    case 'counter_proposed':
      return `Counter-proposal: ${response.reason ?? 'other terms'}`
    case 'rejected':
      return `Rejected: ${response.rejectionReason}`
    case 'declined':
      return `Declined: ${response.reason}`
    case 'working':
      return 'Work is under way.'
    case 'execution_failed':
      return `The work failed: ${response.reason}`
    case 'completed':
      return 'Delivered. The files are at the oracle.'
    case 'settled':
      return 'Settled as you offered.'
    case 'counter_offered':
      return response.reason
  }
}

function artifactOf(artifactId: string, description: string, value: unknown): Artifact {
  return {
    artifactId,
    name: artifactId,
    description,
    parts: [
      {
        content: { $case: 'data', value },
        mediaType: 'application/json',
        filename: `${artifactId}.json`,
        metadata: undefined,
      },
    ],
    metadata: undefined,
    extensions: [PACT_EXTENSION],
  }
}

function publish(
  bus: ExecutionEventBus,
  { taskId, contextId }: RequestContext,
  artifact: Artifact,
): void {
  bus.publish(
    AgentEvent.artifactUpdate({
      taskId,
      contextId,
      artifact,
      append: false,
      lastChunk: true,
      metadata: undefined,
    }),
  )
}

function declined(reasonCode: string, reason: string): ResponseMessage {
  return { status: 'declined', reasonCode, reason }
}
