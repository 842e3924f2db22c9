import { type AgentCard, type Message, TaskState } from '@a2a-js/sdk'
import {
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
} from '@a2a-js/sdk/errors'
import {
  type AgentExecutor,
  DefaultRequestHandler,
  type DefaultRequestHandlerOptions,
  type TaskStore,
} from '@a2a-js/sdk/server'

/** What the handler of one agent is made of. */
interface HandlerOptions {
  card: AgentCard
  executor: AgentExecutor
  taskStore: TaskStore
  isCancelable: ((taskId: string) => Promise<boolean>) | undefined
  options: DefaultRequestHandlerOptions | undefined
}

/**
 * The A2A library's handler, with the MUSTs of the specification that it leaves to the agent: a message
 * without parts, or with a file of a media type that the card does not list, is refused before anything
 * happens (section 3.1.1), and a task that was cancelled is not cancelled again (section 3.1.5).
 */
export function createRequestHandler({
  card,
  executor,
  taskStore,
  isCancelable = async () => true,
  options,
}: HandlerOptions): DefaultRequestHandler {
  const handler = new DefaultRequestHandler(
    card,
    taskStore,
    executor,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    options,
  )
  const modes = new Set(
    [card.defaultInputModes, ...card.skills.map(({ inputModes }) => inputModes)].flat().map(bare),
  )

  function checkParts(message: Message | undefined): void {
    if (message?.parts.length === 0) throw new RequestMalformedError('Want a part at least')
    for (const { content, mediaType } of message?.parts ?? []) {
      // Text and data are what a message is made of; only what is carried in one has a type to refuse.
      if (content?.$case !== 'raw' && content?.$case !== 'url') continue
      if (modes.has(bare(mediaType))) continue
      throw new ContentTypeNotSupportedError(
        `We do not read ${mediaType || 'files without a type'}`,
      )
    }
  }

  const sendMessage = handler.sendMessage.bind(handler)
  handler.sendMessage = async (params, context) => {
    checkParts(params.message)
    return await sendMessage(params, context)
  }
  const sendMessageStream = handler.sendMessageStream.bind(handler)
  handler.sendMessageStream = async function* (params, context) {
    checkParts(params.message)
    yield* sendMessageStream(params, context)
  }
  const cancelTask = handler.cancelTask.bind(handler)
  handler.cancelTask = async (params, context) => {
    const task = await taskStore.load(params.id, context)
    const isCancelled = task?.status?.state === TaskState.TASK_STATE_CANCELED
    if (isCancelled || !(await isCancelable(params.id))) {
      throw new TaskNotCancelableError(`Task not cancelable: ${params.id}`)
    }
    return await cancelTask(params, context)
  }
  return handler
}

function bare(mediaType: string): string {
  return mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
