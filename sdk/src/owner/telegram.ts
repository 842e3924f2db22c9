import { Api, GrammyError } from 'grammy'
import * as z from 'zod'
import { pause } from '../pause.ts'
import { EarnestError } from '../protocol/error.ts'
import type { Channel, Delivery, Incoming, Reception } from './channel.ts'
import { escapeHtml } from './escapeHtml.ts'
import { headingOf, type Letter } from './letter.ts'
import { readBody } from './readBody.ts'
import { isSame } from './secret.ts'

/** What a Telegram bot needs. */
export interface TelegramOptions {
  /** From @BotFather. */
  token: string
  /** Default: https://api.telegram.org. */
  apiRoot?: string
  /** Absent: long polling. `secret`: 16 to 256 of A-Z a-z 0-9 _ -, which Telegram sends with every update. */
  webhook?: { url: string; secret: string }
  /** Seconds that one question for updates waits. */
  pollSeconds?: number
  /** What goes wrong while asking for updates; it is asked again. */
  onError?: (error: unknown) => void
}

/** A Telegram bot as a channel. */
export interface Telegram extends Channel {
  /** Takes Telegram's updates, where `webhook` is set. */
  fetch(request: Request): Promise<Response>
}

/** What is read of an update; all else that Telegram sends is passed over. */
const updateSchema = z.object({
  update_id: z.int(),
  message: z
    .object({
      message_id: z.int(),
      date: z.int(),
      from: z.object({ id: z.int(), is_bot: z.boolean() }).optional(),
      chat: z.object({ id: z.int(), type: z.string() }),
      text: z.string().optional(),
      reply_to_message: z.object({ message_id: z.int() }).optional(),
      // Whoever else may have written it.
      sender_chat: z.unknown().optional(),
      via_bot: z.unknown().optional(),
      business_connection_id: z.unknown().optional(),
      forward_origin: z.unknown().optional(),
      forward_date: z.unknown().optional(),
      is_automatic_forward: z.unknown().optional(),
      edit_date: z.unknown().optional(),
    })
    .optional(),
})
type Update = z.infer<typeof updateSchema>

/** Milliseconds that sending one letter may take, and that are waited after a failed question. */
const SEND_MS = 15_000
const AGAIN_MS = 3_000

/**
 * A Telegram bot: alerts as messages, commands as answers of a private chat. An account is Telegram's own
 * number of a person; names, which anybody may take, are never read. Needs the package `grammy`.
 * Throws `weak_secret`.
 */
export function createTelegram(options: TelegramOptions): Telegram {
  const { token, apiRoot, webhook, pollSeconds = 25, onError = () => {} } = options
  if (webhook !== undefined && !/^[\w-]{16,256}$/.test(webhook.secret)) {
    throw new EarnestError('weak_secret', 'Want 16 to 256 of A-Z a-z 0-9 _ - as the secret')
  }
  const api = new Api(token, {
    ...(apiRoot !== undefined && { apiRoot }),
    timeoutSeconds: pollSeconds + 15,
  })
  let reception: Reception | undefined
  let running: { stop: AbortController; ended: Promise<void> } | undefined

  async function take(update: unknown): Promise<void> {
    const known = updateSchema.safeParse(update)
    const incoming = known.success ? incomingOf(known.data) : undefined
    if (incoming === undefined || reception === undefined) return
    await reception.receive(incoming)
  }

  /** Asks for updates; the next question, which lets go of the last answer, comes after that was dealt with. */
  async function poll(signal: AbortSignal): Promise<void> {
    let offset = 0
    await persist(signal, () => api.deleteWebhook(undefined, foreign(signal)))
    while (!signal.aborted) {
      await persist(signal, async () => {
        const updates = await api.getUpdates(
          { offset, timeout: pollSeconds, allowed_updates: ['message'] },
          foreign(signal),
        )
        for (const update of updates) {
          await take(update)
          offset = update.update_id + 1
        }
      })
    }
  }

  /** Tries until it succeeds or the channel closes. */
  async function persist(signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      try {
        await work()
        return
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        const wait = error instanceof GrammyError ? error.parameters.retry_after : undefined
        await pause(wait === undefined ? AGAIN_MS : wait * 1000, signal).catch(() => {})
      }
    }
  }

  return {
    name: 'telegram',
    isAnsweredByLink: false,
    async send(delivery) {
      try {
        const { message_id } = await api.sendMessage(
          Number(delivery.account),
          htmlOf(delivery.letter),
          {
            parse_mode: 'HTML',
            link_preview_options: { is_disabled: true },
            ...replyOf(delivery),
          },
          foreign(AbortSignal.timeout(SEND_MS)),
        )
        return { messageId: String(message_id) }
      } catch (error) {
        throw toEarnestError(error)
      }
    },
    async open(opened) {
      reception = opened
      if (running !== undefined) return
      const stop = new AbortController()
      const ended =
        webhook === undefined
          ? poll(stop.signal)
          : persist(stop.signal, () =>
              api.setWebhook(
                webhook.url,
                { secret_token: webhook.secret, allowed_updates: ['message'] },
                foreign(stop.signal),
              ),
            )
      running = { stop, ended }
    },
    async close() {
      running?.stop.abort()
      await running?.ended
      running = undefined
    },
    async fetch(request) {
      const secret = request.headers.get('x-telegram-bot-api-secret-token') ?? ''
      if (webhook === undefined || !isSame(secret, webhook.secret)) {
        return new Response(null, { status: 401 })
      }
      const body = await readBody(request)
      if (body === undefined) return new Response(null, { status: 400 })
      try {
        await take(body.json)
        return new Response(null, { status: 200 })
      } catch (error) {
        // Telegram brings the update again.
        onError(error)
        return new Response(null, { status: 500 })
      }
    },
  }
}

/** A message that a person wrote to the bot in private; all else is passed over. */
function incomingOf({ message }: Update): Incoming | undefined {
  if (message?.from === undefined) return undefined
  const { from, chat, message_id, date, text = '', reply_to_message } = message
  const isPrivate = chat.type === 'private' && chat.id === from.id && !from.is_bot
  const isByAnother =
    message.sender_chat !== undefined ||
    message.via_bot !== undefined ||
    message.business_connection_id !== undefined
  if (!isPrivate || isByAnother) return undefined
  const isForwarded =
    message.forward_origin !== undefined ||
    message.forward_date !== undefined ||
    message.is_automatic_forward !== undefined
  const refusal = isForwarded ? 'forwarded' : message.edit_date === undefined ? null : 'edited'
  return {
    account: String(from.id),
    messageId: String(message_id),
    text,
    sentAt: date,
    replyTo: reply_to_message === undefined ? null : String(reply_to_message.message_id),
    refusal,
  }
}

/** The same signal under the name that grammY's own types have for it. */
function foreign(signal: AbortSignal): NonNullable<Parameters<Api['getMe']>[0]> {
  return signal as never
}

function replyOf({ replyTo }: Delivery) {
  if (replyTo === null) return {}
  // The message that is answered may be deleted by now.
  const to = { message_id: Number(replyTo), allow_sending_without_reply: true }
  return { reply_parameters: to }
}

/** Within `pre` nothing becomes a link, a mention or a command. */
function htmlOf(it: Letter): string {
  const { lines, quote, commands } = it
  return [
    `<b>${escapeHtml(headingOf(it))}</b>`,
    ...lines.map(escapeHtml),
    ...(quote ? [`${escapeHtml(quote.by)}:\n<pre>${escapeHtml(quote.text)}</pre>`] : []),
    ...(commands.length > 0
      ? [`Answer with: ${commands.map((each) => `<code>${escapeHtml(each)}</code>`).join(' | ')}`]
      : []),
  ].join('\n\n')
}

/** What Telegram will never take is rejected; a wrong token, a limit and everything of the wire may be mended. */
function toEarnestError(error: unknown): EarnestError {
  const isAnswer = error instanceof GrammyError
  if (isAnswer && [400, 403].includes(error.error_code)) {
    return new EarnestError('channel_rejected', 'Telegram does not take it', { cause: error })
  }
  const retryAfter = isAnswer ? error.parameters.retry_after : undefined
  return new EarnestError('channel_unavailable', 'Telegram cannot be reached', {
    retryable: true,
    details: { ...(retryAfter !== undefined && { retryAfter }) },
    cause: error,
  })
}
