import { PACT_EXTENSION } from '../../../sdk/src/protocol/message.ts'
import type { Seller } from '../../../sdk/src/seller.ts'
import { SELLER_URL } from './market.ts'

/** A part of a message as A2A 1.0 writes it. */
export interface WirePart {
  text?: string
  data?: Record<string, unknown>
}

/** What the tests read of a JSON-RPC answer. */
export interface WireAnswer {
  result?: {
    task?: WireTask
    status?: string
    id?: string
    tasks?: WireTask[]
    [key: string]: unknown
  }
  error?: { code: number; message: string }
}
export interface WireTask {
  id: string
  contextId: string
  status: {
    state: string
    message?: { parts: WirePart[]; metadata?: Record<string, Record<string, unknown>> }
  }
  artifacts?: { artifactId: string; parts: WirePart[] }[]
}

let count = 0

/** One JSON-RPC request to a seller, as any client would send it. */
export async function rpc(
  seller: Seller,
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<WireAnswer> {
  const response = await seller.fetch(
    new Request(`${SELLER_URL}/a2a`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'a2a-version': '1.0',
        'a2a-extensions': PACT_EXTENSION,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++count, method, params }),
    }),
  )
  return (await response.json()) as WireAnswer
}

/** Sends one message: text, or data of the extension. */
export async function say(
  seller: Seller,
  content: string | object,
  {
    taskId,
    headers = {},
    metadata,
  }: { taskId?: string; headers?: Record<string, string>; metadata?: object } = {},
): Promise<WireAnswer> {
  const isText = typeof content === 'string'
  const message = {
    messageId: `m${++count}`,
    role: 'ROLE_USER',
    parts: [isText ? { text: content } : { data: content }],
    ...(taskId !== undefined && { taskId }),
    ...(isText
      ? metadata && { metadata }
      : { metadata: { [PACT_EXTENSION]: content }, extensions: [PACT_EXTENSION] }),
  }
  return await rpc(seller, 'SendMessage', { message }, headers)
}

/** The extension's data of an answer. */
export function responseOf(answer: WireAnswer): Record<string, unknown> | undefined {
  return answer.result?.task?.status.message?.metadata?.[PACT_EXTENSION]
}

/** The text of an answer. */
export function textOf(answer: WireAnswer): string {
  return (answer.result?.task?.status.message?.parts ?? []).map(({ text }) => text ?? '').join('')
}
