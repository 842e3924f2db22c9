import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A message as the server of a messenger has it. */
export type Posted = {
  chatId: number
  messageId: number
  text: string
  raw: Record<string, unknown>
}
type Update = { update_id: number; [kind: string]: unknown }
/** How the next call is answered instead: after so long, with a status, a limit, or not at all. */
export type Mishap = {
  method: string
  status?: number
  retryAfter?: number
  hangUp?: boolean
  waitMs?: number
}

/**
 * A server that speaks the wire of Telegram's Bot API, for tests and the demo: getMe, getUpdates with
 * long polling and confirmation by offset, sendMessage, setWebhook with a secret token, deleteWebhook.
 */
export async function startTelegram({ token = '4711:local' } = {}) {
  const updates: Update[] = []
  const posted: Posted[] = []
  const mishaps: Mishap[] = []
  const calls: { method: string; body: Record<string, unknown> }[] = []
  let webhook: { url: string; secret_token: string } | undefined
  let lastUpdate = 100
  let lastMessage = 0
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const each of waiting) each()
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
    const [, given, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? []
    const send = (status: number, value: object) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    const refuse = (code: number, description: string, parameters?: object) =>
      send(code, { ok: false, error_code: code, description, ...(parameters && { parameters }) })
    if (given !== token) return refuse(401, 'Unauthorized')
    calls.push({ method, body })
    const at = mishaps.findIndex((each) => each.method === method)
    const [mishap] = at < 0 ? [] : mishaps.splice(at, 1)
    if (mishap?.waitMs) await new Promise((resolve) => setTimeout(resolve, mishap.waitMs))
    if (mishap?.hangUp) return void response.destroy()
    if (mishap?.retryAfter !== undefined) {
      const seconds = { retry_after: mishap.retryAfter }
      return refuse(429, `Too Many Requests: retry after ${mishap.retryAfter}`, seconds)
    }
    if (mishap?.status) return refuse(mishap.status, `Mishap ${mishap.status}`)
    switch (method) {
      case 'getMe':
        return send(200, { ok: true, result: { id: 4711, is_bot: true, first_name: 'Bot' } })
      case 'setWebhook':
        webhook = body as typeof webhook
        return send(200, { ok: true, result: true })
      case 'deleteWebhook':
        webhook = undefined
        return send(200, { ok: true, result: true })
      case 'sendMessage': {
        const message = {
          chatId: Number(body.chat_id),
          messageId: ++lastMessage,
          text: plain(String(body.text)),
          raw: body,
        }
        if (plain(String(body.text)).length > 4096) return refuse(400, 'message is too long')
        posted.push(message)
        wake()
        const chat = { id: message.chatId, type: 'private', first_name: 'Owner' }
        const result = { message_id: message.messageId, date: seconds(), chat, text: message.text }
        return send(200, { ok: true, result })
      }
      case 'getUpdates': {
        if (webhook) return refuse(409, 'Conflict: can’t use getUpdates while webhook is active')
        const offset = Number(body.offset ?? 0)
        // Asking from an offset on lets go of everything before it.
        while (updates[0] && updates[0].update_id < offset) updates.shift()
        const until = Date.now() + Number(body.timeout ?? 0) * 1000
        while (updates.length === 0 && Date.now() < until && !response.destroyed) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(done, 200)
            function done() {
              clearTimeout(timer)
              waiting.delete(done)
              resolve()
            }
            waiting.add(done)
          })
        }
        return send(200, { ok: true, result: updates.slice(0, 100) })
      }
      default:
        return refuse(404, 'Not Found: method not found')
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    token,
    posted,
    calls,
    mishaps,
    webhook: () => webhook,
    /** Puts an update into the queue as it is. */
    push(update: Update) {
      updates.push(update)
      wake()
    },
    /** A person writes to the bot; gives the update. */
    say(text: string, { from = 7, replyTo, ...rest }: SayOptions = {}): Update {
      const update = {
        update_id: ++lastUpdate,
        message: {
          message_id: ++lastMessage,
          date: seconds(),
          from: { id: from, is_bot: false, first_name: 'Olivia' },
          chat: { id: from, type: 'private', first_name: 'Olivia' },
          text,
          ...(replyTo !== undefined && {
            reply_to_message: { message_id: replyTo, date: seconds(), chat: { id: from } },
          }),
          ...rest.message,
        },
      }
      if (rest.isQueued !== false) this.push(update)
      return update
    },
    /** Waits for a message of the bot that says it; throws after half a minute, with what it said instead. */
    async until(pattern: RegExp): Promise<Posted> {
      for (let tries = 0; tries < 1500; tries++) {
        const found = posted.findLast(({ text }) => pattern.test(text))
        if (found) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const said = posted.map(({ text }) => text.slice(0, 300)).join('\n---\n')
      throw new Error(`The bot never said ${pattern}; it said:\n${said}`)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type SayOptions = {
  from?: number
  replyTo?: number
  /** Members of the message that are otherwise. */
  message?: Record<string, unknown>
  /** False: the update is made and not queued. */
  isQueued?: boolean
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The text that a person sees of Telegram's HTML. */
function plain(html: string): string {
  const known = /<\/?(?:b|code|pre)>/g
  const bare = html.replace(known, '')
  if (/[<>]/.test(bare)) throw new Error(`Bad Request: can't parse entities: ${bare}`)
  return bare
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
}
