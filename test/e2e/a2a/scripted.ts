import { type Message, Role, type Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server'
import { mountAgent } from '../../../sdk/src/discovery/mountAgent.ts'
import type { Subject } from './subject.ts'

export const REQUIRED = 'urn:test:required'
const URL = 'http://agent.test/a2a'

/** A card whose capabilities can be taken away. */
export function cardOf({ streaming = true, required = false, legacy = false } = {}) {
  return {
    name: 'Scripted',
    description: 'Does what the id of a message says',
    version: '1.0.0',
    supportedInterfaces: [
      { url: URL, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      ...(legacy ? [{ url: URL, protocolBinding: 'JSONRPC', protocolVersion: '0.3' }] : []),
    ],
    capabilities: {
      ...(streaming && { streaming: true }),
      ...(required && { extensions: [{ uri: REQUIRED, required: true }] }),
    },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'script', name: 'Script', description: 'Script', tags: ['test'] }],
  }
}

/** Any executor behind our adapter, as the conformance kit mounts its own: the message's id says what happens. */
export function scripted(options: Parameters<typeof cardOf>[0] = {}): Subject {
  let release = () => {}
  const waiting = new Promise<void>((resolve) => {
    release = resolve
  })
  const executor: AgentExecutor = {
    async execute(context, bus) {
      const { userMessage, task, taskId, contextId } = context
      const kind = userMessage.messageId.split('-', 1)[0]
      if (kind === 'talks') return bus.publish(AgentEvent.message(said(context, 'Only talk')))
      bus.publish(AgentEvent.task(taskOf(context, task)))
      if (kind === 'waits') await waiting
      if (kind === 'completes' || kind === 'waits') {
        bus.publish(
          AgentEvent.artifactUpdate({
            taskId,
            contextId,
            artifact: {
              artifactId: 'a',
              name: 'result',
              description: '',
              parts: said(context, 'Done').parts,
              metadata: undefined,
              extensions: [],
            },
            append: false,
            lastChunk: true,
            metadata: undefined,
          }),
        )
        return publish(bus, context, TaskState.TASK_STATE_COMPLETED)
      }
      publish(bus, context, TaskState.TASK_STATE_INPUT_REQUIRED)
    },
    async cancelTask(taskId, bus) {
      bus.publish(
        AgentEvent.statusUpdate({
          taskId,
          contextId: '',
          status: { state: TaskState.TASK_STATE_CANCELED, message: undefined, timestamp: now() },
          metadata: undefined,
        }),
      )
    },
  }
  const app = mountAgent({ card: cardOf(options), executor })
  return {
    fetch: (request) => app.fetch(request),
    url: URL,
    headers: () => ({ 'a2a-version': '1.0' }),
    ids: { open: 'open', completes: 'completes', talks: 'talks', waits: 'waits' },
    finish: () => release(),
  }
}

const now = () => new Date().toISOString()

function taskOf({ taskId, contextId, userMessage }: RequestContext, task: Task | undefined): Task {
  return {
    id: taskId,
    contextId,
    status: { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: now() },
    artifacts: task?.artifacts ?? [],
    history: task?.history ?? [userMessage],
    metadata: undefined,
  }
}

function said({ taskId, contextId }: RequestContext, text: string): Message {
  return {
    messageId: crypto.randomUUID(),
    taskId,
    contextId,
    role: Role.ROLE_AGENT,
    parts: [
      {
        content: { $case: 'text', value: text },
        metadata: undefined,
        filename: '',
        mediaType: 'text/plain',
      },
    ],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

function publish(bus: ExecutionEventBus, context: RequestContext, state: TaskState): void {
  const { taskId, contextId } = context
  bus.publish(
    AgentEvent.statusUpdate({
      taskId,
      contextId,
      status: { state, message: said(context, 'Next?'), timestamp: now() },
      metadata: undefined,
    }),
  )
}
