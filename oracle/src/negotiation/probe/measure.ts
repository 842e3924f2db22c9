import { PACT_EXTENSION, responseMessageSchema } from '@earnest/sdk/protocol'
import * as z from 'zod'

/** Sends one request to an address that a stranger chose; null where nothing came back in time. */
export type ProbeFetch = (request: {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array | null
  timeoutMs?: number
}) => Promise<{ status: number; body: Uint8Array } | null>

/** Longest promise that is waited for. */
export const LONGEST_WAIT_MS = 300_000
/** Milliseconds between two looks at a task that is not answered yet. */
const LOOK_MS = 2_000

const looseText = z.string().catch('')
const statusSchema = z.looseObject({
  message: z.looseObject({ metadata: z.record(z.string(), z.unknown()).optional() }).optional(),
})
const answerSchema = z.looseObject({
  result: z
    .looseObject({
      id: looseText.optional(),
      task: z.looseObject({ id: looseText, status: statusSchema.optional() }).optional(),
      message: statusSchema.shape.message,
      status: statusSchema.optional(),
    })
    .optional(),
})

const cardSchema = z.looseObject({
  capabilities: z.looseObject({
    extensions: z.array(z.looseObject({ uri: z.string(), params: z.unknown() })),
  }),
})
const promiseSchema = z.looseObject({
  sla: z.looseObject({ maxResponseTimeMs: z.int().min(1) }),
})

/** Milliseconds in which the agent's own card promises an answer; undefined where it promises nothing. */
export async function readPromise(
  fetch: ProbeFetch,
  endpoint: string,
): Promise<number | undefined> {
  const answer = await fetch({
    method: 'GET',
    url: `${new URL(endpoint).origin}/.well-known/agent-card.json`,
    headers: { accept: 'application/json', 'a2a-version': '1.0', 'user-agent': 'node' },
    body: null,
  })
  if (answer?.status !== 200) return undefined
  const card = cardSchema.safeParse(jsonOf(answer.body))
  const params = card.data?.capabilities.extensions.find(
    ({ uri }) => uri === PACT_EXTENSION,
  )?.params
  return promiseSchema.safeParse(params).data?.sla.maxResponseTimeMs
}

/**
 * Milliseconds until a negotiation reply came, in the answer itself or in its task later; undefined where
 * none came within the wait. A refusal is a reply; a fault of the transport is none.
 */
export async function timeReply({
  fetch,
  ask,
  look,
  waitMs,
  monotonic,
  pause,
}: {
  fetch: ProbeFetch
  ask: Parameters<ProbeFetch>[0]
  look: (taskId: string) => Parameters<ProbeFetch>[0]
  waitMs: number
  /** Milliseconds of a clock that never goes back. */
  monotonic: () => number
  pause: (milliseconds: number) => Promise<void>
}): Promise<number | undefined> {
  const start = monotonic()
  const left = () => waitMs - (monotonic() - start)
  let request = ask
  for (;;) {
    const answer = await fetch({ ...request, timeoutMs: Math.max(1, Math.ceil(left())) })
    const taken = monotonic() - start
    const found = answer && answerSchema.safeParse(jsonOf(answer.body)).data?.result
    if (!found || taken > waitMs) return undefined
    const task = found.task ?? found
    const said = found.message ?? task.status?.message
    if (responseMessageSchema.safeParse(said?.metadata?.[PACT_EXTENSION]).success) return taken
    const taskId = typeof task.id === 'string' ? task.id : ''
    if (taskId === '' || left() <= LOOK_MS) return undefined
    await pause(LOOK_MS)
    request = look(taskId)
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
