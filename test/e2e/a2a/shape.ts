import * as z from 'zod'

/** What A2A 1.0 puts on the wire (specification sections 4 and 9): every member known, none in another spelling. */
const timestamp = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/)
const id = z.string().min(1)
const metadata = z.record(z.string(), z.json()).optional()
const role = z.enum(['ROLE_USER', 'ROLE_AGENT'])

const partBase = { metadata, filename: z.string().optional(), mediaType: z.string().optional() }
/** Exactly one content. */
const part = z.union([
  z.strictObject({ text: z.string(), ...partBase }),
  z.strictObject({ raw: z.string(), ...partBase }),
  z.strictObject({ url: z.string(), ...partBase }),
  z.strictObject({ data: z.json(), ...partBase }),
])

const message = z.strictObject({
  messageId: id,
  contextId: id.optional(),
  taskId: id.optional(),
  role,
  parts: z.array(part).min(1),
  metadata,
  extensions: z.array(z.string()).optional(),
  referenceTaskIds: z.array(z.string()).optional(),
})

const state = z.enum(
  [
    'SUBMITTED',
    'WORKING',
    'COMPLETED',
    'FAILED',
    'CANCELED',
    'INPUT_REQUIRED',
    'REJECTED',
    'AUTH_REQUIRED',
  ].map((name) => `TASK_STATE_${name}`),
)
const status = z.strictObject({
  state,
  message: message.optional(),
  timestamp: timestamp.optional(),
})
const artifact = z.strictObject({
  artifactId: id,
  name: z.string().optional(),
  description: z.string().optional(),
  parts: z.array(part).min(1),
  metadata,
  extensions: z.array(z.string()).optional(),
})

/** A task, and what a list of tasks holds without their artifacts. */
export const taskShape = z.strictObject({
  id,
  contextId: id,
  status,
  artifacts: z.array(artifact).optional(),
  history: z.array(message).optional(),
  metadata,
})

/** The result of SendMessage: exactly one of both. */
export const sentShape = z.union([
  z.strictObject({ task: taskShape }),
  z.strictObject({ message: message.extend({ role: z.literal('ROLE_AGENT') }) }),
])

export const listShape = z.strictObject({
  tasks: z.array(taskShape),
  nextPageToken: z.string(),
  pageSize: z.int(),
  totalSize: z.int(),
})

/** One event of a stream: exactly one of four. */
export const eventShape = z.union([
  z.strictObject({ task: taskShape }),
  z.strictObject({ message }),
  z.strictObject({ statusUpdate: z.strictObject({ taskId: id, contextId: id, status, metadata }) }),
  z.strictObject({
    artifactUpdate: z.strictObject({
      taskId: id,
      contextId: id,
      artifact,
      append: z.boolean().optional(),
      lastChunk: z.boolean().optional(),
      metadata,
    }),
  }),
])

/** The envelope of JSON-RPC 2.0: a result or an error, never both. */
export const answerShape = z.union([
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.int(), z.null()]),
    result: z.json(),
  }),
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.int(), z.null()]),
    error: z.strictObject({
      code: z.int(),
      message: z.string().min(1),
      data: z.array(z.json()).optional(),
    }),
  }),
])

/** Reasons that A2A errors carry as google.rpc.ErrorInfo, by code (section 5.4). */
export const reasons: Readonly<Record<number, string>> = {
  [-32001]: 'TASK_NOT_FOUND',
  [-32002]: 'TASK_NOT_CANCELABLE',
  [-32003]: 'PUSH_NOTIFICATION_NOT_SUPPORTED',
  [-32004]: 'UNSUPPORTED_OPERATION',
  [-32005]: 'CONTENT_TYPE_NOT_SUPPORTED',
  [-32008]: 'EXTENSION_SUPPORT_REQUIRED',
  [-32009]: 'VERSION_NOT_SUPPORTED',
}

/** What a card of A2A 1.0 must hold (section 4.4.1), and may. */
export const cardShape = z.strictObject({
  name: id,
  description: id,
  version: id,
  supportedInterfaces: z
    .array(
      z.strictObject({
        url: z.url(),
        protocolBinding: id,
        protocolVersion: z.string().regex(/^\d+\.\d+$/),
        tenant: z.string().optional(),
      }),
    )
    .min(1),
  provider: z.strictObject({ organization: id, url: z.url() }).optional(),
  documentationUrl: z.url().optional(),
  iconUrl: z.url().optional(),
  capabilities: z.strictObject({
    streaming: z.boolean().optional(),
    pushNotifications: z.boolean().optional(),
    extendedAgentCard: z.boolean().optional(),
    extensions: z
      .array(
        z.strictObject({
          uri: id,
          description: z.string().optional(),
          required: z.boolean().optional(),
          params: z.record(z.string(), z.json()).optional(),
        }),
      )
      .optional(),
  }),
  securitySchemes: z.record(z.string(), z.json()).optional(),
  securityRequirements: z.array(z.json()).optional(),
  defaultInputModes: z.array(id).min(1),
  defaultOutputModes: z.array(id).min(1),
  skills: z
    .array(
      z.strictObject({
        id,
        name: id,
        description: id,
        tags: z.array(z.string()).min(1),
        examples: z.array(z.string()).optional(),
        inputModes: z.array(z.string()).optional(),
        outputModes: z.array(z.string()).optional(),
      }),
    )
    .min(1),
  signatures: z
    .array(
      z.strictObject({
        protected: id,
        signature: id,
        header: z.record(z.string(), z.json()).optional(),
      }),
    )
    .optional(),
})
