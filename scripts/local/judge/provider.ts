import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Juror } from '../../../oracle/src/settlement/jury/roster.ts'

/** What a judge was sent, whatever the wire. */
export type Heard = { system: string; user: string; body: Record<string, unknown> }

/** What a judge does: answers with a text, refuses as its wire does, or misbehaves. */
export type Reply =
  | { text: string }
  | { refuse: true }
  | { status: number; body: string }
  | { hang: true }
  | { drop: true }

/** A local server that speaks one provider's real wire format. */
export type Provider = { juror: Juror; heard: Heard[]; close(): Promise<void> }

type Wire = Juror['wire']
type Json = Record<string, unknown>

/** The wires of the five seats, Llama behind an OpenAI-compatible endpoint. */
export const wires: readonly [Wire, string, string][] = [
  ['openai', 'openai', 'gpt-5'],
  ['anthropic', 'anthropic', 'claude-opus-4-7'],
  ['google', 'google', 'gemini-ultra-2'],
  ['openai-compatible', 'meta', 'llama-4'],
  ['mistral', 'mistral', 'mistral-large-latest'],
]

/** Starts one provider; `judge` is called once a request. */
export async function startProvider(
  [wire, provider, model]: readonly [Wire, string, string],
  judge: (heard: Heard) => Reply | Promise<Reply>,
): Promise<Provider> {
  const heard: Heard[] = []
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await textOf(request)) as Json
    if (!isAuthorized(wire, request) || !isPath(wire, model, request.url ?? '')) {
      response.writeHead(404).end('{}')
      return
    }
    const seen = { ...promptOf(wire, body), body }
    heard.push(seen)
    respond(wire, model, response, await judge(seen))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    heard,
    juror: {
      wire,
      provider,
      model,
      family: provider,
      baseUrl: `http://127.0.0.1:${port}${wire === 'google' ? '/v1beta' : '/v1'}`,
      apiKey: `key-of-${provider}`,
      structured: true,
      price: { input: 2_000_000n, output: 10_000_000n },
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** Each provider takes its key in a header of its own. */
function isAuthorized(wire: Wire, { headers }: IncomingMessage): boolean {
  if (wire === 'anthropic')
    return headers['x-api-key'] === 'key-of-anthropic' && Boolean(headers['anthropic-version'])
  if (wire === 'google') return headers['x-goog-api-key'] === 'key-of-google'
  return headers.authorization?.startsWith('Bearer key-of-') ?? false
}

function isPath(wire: Wire, model: string, url: string): boolean {
  if (wire === 'openai') return url === '/v1/responses'
  if (wire === 'anthropic') return url === '/v1/messages'
  if (wire === 'google') return url === `/v1beta/models/${model}:generateContent`
  return url === '/v1/chat/completions'
}

const joined = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : (content as { text?: string }[]).map(({ text }) => text ?? '').join('')

function promptOf(wire: Wire, body: Json): { system: string; user: string } {
  if (wire === 'anthropic') {
    const [message] = body.messages as { content: unknown }[]
    return { system: joined(body.system), user: joined(message?.content) }
  }
  if (wire === 'google') {
    const [content] = body.contents as { parts: unknown }[]
    const { parts } = body.systemInstruction as { parts: unknown }
    return { system: joined(parts), user: joined(content?.parts) }
  }
  const messages = (wire === 'openai' ? body.input : body.messages) as {
    role: string
    content: unknown
  }[]
  const of = (...roles: string[]) => joined(messages.find((m) => roles.includes(m.role))?.content)
  return { system: of('system', 'developer'), user: of('user') }
}

function respond(wire: Wire, model: string, response: ServerResponse, reply: Reply): void {
  if ('hang' in reply) return
  if ('drop' in reply) {
    response.destroy()
    return
  }
  const status = 'status' in reply ? reply.status : 200
  response.writeHead(status, { 'content-type': 'application/json' })
  if ('status' in reply) response.end(reply.body)
  else response.end(JSON.stringify(answerOf(wire, model, 'text' in reply ? reply.text : undefined)))
}

/** An answer as the provider sends it; without a text, its refusal. */
function answerOf(wire: Wire, model: string, text: string | undefined): Json {
  const refusal = 'I cannot help with that.'
  if (wire === 'openai')
    return {
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      status: 'completed',
      model,
      output: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content:
            text === undefined
              ? [{ type: 'refusal', refusal }]
              : [{ type: 'output_text', text, annotations: [] }],
        },
      ],
      usage: { input_tokens: 900, output_tokens: 90, total_tokens: 990 },
    }
  if (wire === 'anthropic')
    return {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model,
      content: text === undefined ? [] : [{ type: 'text', text }],
      stop_reason: text === undefined ? 'refusal' : 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 900, output_tokens: 90 },
    }
  if (wire === 'google')
    return {
      candidates: [
        text === undefined
          ? { finishReason: 'SAFETY', index: 0 }
          : { content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 },
      ],
      usageMetadata: { promptTokenCount: 900, candidatesTokenCount: 90, totalTokenCount: 990 },
      modelVersion: model,
    }
  return {
    id: 'chat_1',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text ?? '' },
        finish_reason: text === undefined ? 'content_filter' : 'stop',
      },
    ],
    usage: { prompt_tokens: 900, completion_tokens: 90, total_tokens: 990 },
  }
}
