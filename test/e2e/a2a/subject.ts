import { answerShape, eventShape } from './shape.ts'

/** An agent under examination, and how an honest client speaks with it. */
export interface Subject {
  fetch(request: Request): Response | Promise<Response>
  url: string
  /** Headers that every request carries; a function, because a bearer token is good once. */
  headers(): Record<string, string>
  /** Message ids that lead to the states that the tests need; the agent decides by their prefix or not at all. */
  ids: { open: string; completes?: string; talks?: string; waits?: string }
  /** Lets a waiting task end. */
  finish?(): void
}

export type Wire = Record<string, unknown>

let count = 0

/** A message as a client sends it. */
export function messageOf(prefix: string, changes: Wire = {}): Wire {
  return {
    messageId: `${prefix}-${++count}`,
    role: 'ROLE_USER',
    parts: [{ text: 'Hello' }],
    ...changes,
  }
}

/** One raw POST. */
export async function post(
  subject: Subject,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const text = isRaw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body)
  const all = { 'content-type': 'application/json', ...subject.headers(), ...headers }
  return await subject.fetch(new Request(subject.url, { method: 'POST', headers: all, body: text }))
}

/** One call; its answer has the shape of JSON-RPC and carries the call's own id. */
export async function rpc(
  subject: Subject,
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<{
  result?: Wire
  error?: { code: number; message: string; data?: Wire[] }
  response: Response
}> {
  const id = ++count
  const response = await post(subject, { jsonrpc: '2.0', id, method, params }, headers)
  const answer = answerShape.parse(await response.json()) as { id: number; result?: Wire }
  if (answer.id !== id) throw new Error(`answer to ${answer.id}, want ${id}`)
  return { ...answer, response }
}

/** The task that a message leads to. */
export async function begin(
  subject: Subject,
  prefix: string,
): Promise<{ id: string; contextId: string; status: { state: string } }> {
  const { result } = await rpc(subject, 'SendMessage', { message: messageOf(prefix) })
  return (result as { task: { id: string; contextId: string; status: { state: string } } }).task
}

/** A stream, event by event; each has the shape of an answer to this call. */
export async function open(
  subject: Subject,
  method: string,
  params: unknown,
): Promise<{
  response: Response
  next(): Promise<Wire | undefined>
  rest(): Promise<Wire[]>
  close(): Promise<void>
}> {
  const id = ++count
  const response = await post(subject, { jsonrpc: '2.0', id, method, params })
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    throw new Error(`no stream: ${await response.text()}`)
  }
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream())
    .getReader()
  let buffer = ''
  const next = async (): Promise<Wire | undefined> => {
    for (;;) {
      const end = buffer.indexOf('\n\n')
      if (end >= 0) {
        const frame = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        const data = frame
          .split('\n')
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5))
          .join('\n')
        if (data.trim() === '') continue
        const answer = answerShape.parse(JSON.parse(data)) as { id: number; result: Wire }
        if (answer.id !== id) throw new Error('an event of another call')
        return eventShape.parse(answer.result) as Wire
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      buffer += value
    }
  }
  return {
    response,
    next,
    async rest() {
      const events: Wire[] = []
      for (let event = await next(); event !== undefined; event = await next()) events.push(event)
      return events
    },
    close: () => reader.cancel(),
  }
}
