import * as z from 'zod'
import { EarnestError } from '../protocol/error.ts'

const legacyPart = z.looseObject({ type: z.enum(['text', 'data', 'file']).optional() })
const legacyMessage = z.looseObject({
  role: z.enum(['user', 'agent']).optional(),
  parts: z.array(legacyPart).min(1).max(100),
})
const sendParams = z.looseObject({
  id: z.string().max(200).optional(),
  sessionId: z.string().max(200).optional(),
  message: legacyMessage.optional(),
  taskType: z.string().max(200).optional(),
  metadata: z.record(z.string(), z.json()).optional(),
})

/** A `tasks/send` of the first A2A drafts as a `message/send` of 0.3, and the way back. */
export interface TranslatedSend {
  request: Record<string, unknown>
  /** Turns the result of `message/send` into what the caller of `tasks/send` expects. */
  translateResult(result: unknown): unknown
}

/**
 * Translates `tasks/send` (W-19). Its params are either a task with a message, or the data itself with a
 * `taskType`; the second gets the agent's data back without a task around it. Throws `invalid_params`.
 */
export function translateTasksSend(request: Record<string, unknown>): TranslatedSend {
  const parsed = sendParams.safeParse(request.params)
  if (!parsed.success) throw new EarnestError('invalid_params', 'Want a message or a taskType')
  const { id, sessionId, message, taskType, metadata } = parsed.data
  const bare = message === undefined
  if (bare && taskType === undefined) {
    throw new EarnestError('invalid_params', 'Want a message or a taskType')
  }
  const parts = bare
    ? [{ kind: 'data', data: parsed.data }]
    : message.parts.map(({ type, ...part }) => ({ kind: type ?? part.kind, ...part }))
  return {
    request: {
      ...request,
      method: 'message/send',
      params: {
        message: {
          kind: 'message',
          messageId: id ?? crypto.randomUUID(),
          role: message?.role ?? 'user',
          parts,
          ...(sessionId === undefined ? {} : { contextId: sessionId }),
          ...(metadata === undefined ? {} : { metadata }),
        },
        configuration: { blocking: true },
      },
    },
    translateResult: (result) => (bare ? dataOf(result) : asLegacyTask(result)),
  }
}

const part = z.looseObject({ kind: z.string().optional(), data: z.json().optional() })
const answer = z.looseObject({
  id: z.string().optional(),
  contextId: z.string().optional(),
  parts: z.array(part).optional(),
  status: z.looseObject({ message: z.looseObject({ parts: z.array(part) }).optional() }).optional(),
  artifacts: z.array(z.looseObject({ parts: z.array(part) })).optional(),
})

function dataOf(result: unknown): unknown {
  const { parts, status } = answer.parse(result)
  const found = (parts ?? status?.message?.parts ?? []).find(({ kind }) => kind === 'data')
  return found?.data ?? result
}

function asLegacyTask(result: unknown): unknown {
  const { kind: _kind, contextId, status, artifacts, ...rest } = answer.parse(result)
  const message = status?.message
  return {
    ...rest,
    ...(contextId === undefined ? {} : { sessionId: contextId }),
    ...(status === undefined
      ? {}
      : {
          status: {
            ...status,
            ...(message && { message: { ...message, parts: message.parts.map(asTyped) } }),
          },
        }),
    ...(artifacts && {
      artifacts: artifacts.map((artifact) => ({ ...artifact, parts: artifact.parts.map(asTyped) })),
    }),
  }
}

function asTyped({ kind, ...rest }: z.output<typeof part>) {
  return { type: kind, ...rest }
}
