import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import * as z from 'zod'
import { EarnestError } from '../protocol/error.ts'
import type { Channel, Delivery, Incoming, Reception } from './channel.ts'
import { headingOf, plainText } from './letter.ts'
import { readBody } from './readBody.ts'
import { isSame } from './secret.ts'

/** What a WhatsApp business number needs. */
export interface WhatsAppOptions {
  /** Of a system user with `whatsapp_business_messaging`. */
  accessToken: string
  /** Signs every webhook. */
  appSecret: string
  /** What Meta shows once when the webhook is set up. */
  verifyToken: string
  phoneNumberId: string
  /** An approved template with one variable in its body, for alerts when the owner has not written for a day. */
  template: { name: string; language: string }
  /** Default: https://graph.facebook.com. */
  apiRoot?: string
  /** Default: v23.0. */
  apiVersion?: string
  fetch?: typeof globalThis.fetch
  /** What goes wrong with a webhook; Meta brings it again. */
  onError?: (error: unknown) => void
}

/** A WhatsApp business number as a channel. */
export interface WhatsApp extends Channel {
  /** Takes Meta's webhooks: GET proves that it is ours, POST brings messages. */
  fetch(request: Request): Promise<Response>
}

const messageSchema = z.object({
  from: z.string(),
  id: z.string(),
  timestamp: z.string().regex(/^\d{1,12}$/),
  type: z.string(),
  text: z.object({ body: z.string() }).optional(),
  context: z
    .object({
      id: z.string().optional(),
      forwarded: z.boolean().optional(),
      frequently_forwarded: z.boolean().optional(),
    })
    .optional(),
})
const changeSchema = z.object({
  field: z.literal('messages'),
  value: z.object({
    metadata: z.object({ phone_number_id: z.string() }),
    // Each by itself: one that nobody knows must not cost the others.
    messages: z.array(z.unknown()).optional(),
  }),
})
const webhookSchema = z.object({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(z.object({ changes: z.array(z.unknown()) })),
})
const sentSchema = z.object({ messages: z.array(z.object({ id: z.string() })).min(1) })
const errorSchema = z.object({ error: z.object({ code: z.int() }) })

/** Seconds after the owner's last message in which Meta takes free text; an hour less, for its clock is not ours. */
const SESSION = 23 * 3600
const SEND_MS = 15_000
/** The fewest characters of what nobody may guess; Meta's own secrets have 32. */
const SECRET_LENGTH = 16
const TOKEN_LENGTH = 8
/** "More than a day has passed": a template is wanted. */
const WANTS_TEMPLATE = 131_047
/** Limits of the app, the number or the pair; and what Meta itself calls passing. */
const PASSING = new Set([1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_048, 131_056, 133_016])
/** Seconds to wait where Meta names none. */
const LIMITED = 60

/**
 * A number of WhatsApp's Cloud API: alerts as messages or, a day after the owner's last word, as an approved
 * template; commands as answers. An account is the number that Meta's signed webhook names; profile names
 * are never read. Throws `weak_secret`.
 */
export function createWhatsApp(options: WhatsAppOptions): WhatsApp {
  const { accessToken, appSecret, verifyToken, phoneNumberId, template } = options
  const { apiRoot = 'https://graph.facebook.com', apiVersion = 'v23.0' } = options
  const { onError = () => {} } = options
  // An empty variable of the environment would let anybody sign.
  if (appSecret.length < SECRET_LENGTH || verifyToken.length < TOKEN_LENGTH) {
    throw new EarnestError('weak_secret', 'Want Meta’s app secret, and 8 characters as the token')
  }
  const doFetch = options.fetch ?? globalThis.fetch
  let reception: Reception | undefined

  async function post(delivery: Delivery, content: object): Promise<string> {
    let response: Response
    let answer: unknown
    try {
      response = await doFetch(`${apiRoot}/${apiVersion}/${phoneNumberId}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          to: delivery.account,
          ...content,
        }),
        signal: AbortSignal.timeout(SEND_MS),
        redirect: 'error',
      })
      answer = await response.json()
    } catch (cause) {
      throw unavailable({ cause })
    }
    const sent = sentSchema.safeParse(answer)
    if (response.ok && sent.success) return sent.data.messages[0]?.id ?? ''
    const known = errorSchema.safeParse(answer)
    const code = known.success ? known.data.error.code : 0
    if (code === WANTS_TEMPLATE) throw new EarnestError('session_over', 'A template is wanted')
    if (response.status === 429 || PASSING.has(code)) {
      const named = Number(response.headers.get('retry-after') ?? Number.NaN)
      throw unavailable({ retryAfter: Number.isFinite(named) ? named : LIMITED })
    }
    // A token that has run out is mended by the operator; no letter is lost for it.
    if (response.status >= 500 || response.status === 401) throw unavailable({})
    throw new EarnestError('channel_rejected', 'WhatsApp does not take it', { details: { code } })
  }

  async function take({ bytes, json }: { bytes: Uint8Array; json: unknown }, signature: string) {
    const want = `sha256=${bytesToHex(hmac(sha256, utf8ToBytes(appSecret), bytes))}`
    if (!isSame(signature, want)) return 401
    const known = webhookSchema.safeParse(json)
    if (!known.success || reception === undefined) return known.success ? 503 : 200
    for (const change of known.data.entry.flatMap(({ changes }) => changes)) {
      const { data } = changeSchema.safeParse(change)
      // One app may have several numbers, and each of them another desk.
      if (data?.value.metadata.phone_number_id !== phoneNumberId) continue
      for (const message of data.value.messages ?? []) {
        const incoming = incomingOf(message)
        if (incoming !== undefined) await reception.receive(incoming)
      }
    }
    return 200
  }

  return {
    name: 'whatsapp',
    isAnsweredByLink: false,
    async send(delivery) {
      const { heardAt, now } = delivery
      if (heardAt !== null && now < heardAt + SESSION) {
        try {
          return { messageId: await post(delivery, freeText(delivery)) }
        } catch (error) {
          if (!(error instanceof EarnestError) || error.code !== 'session_over') throw error
        }
      }
      return { messageId: await post(delivery, templateOf(delivery, template)) }
    },
    async open(opened) {
      reception = opened
    },
    async close() {
      reception = undefined
    },
    async fetch(request) {
      if (request.method === 'GET') {
        const query = new URL(request.url).searchParams
        const isOurs =
          query.get('hub.mode') === 'subscribe' &&
          isSame(query.get('hub.verify_token') ?? '', verifyToken)
        if (!isOurs) return new Response(null, { status: 403 })
        const headers = { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' }
        return new Response(query.get('hub.challenge'), { headers })
      }
      if (request.method !== 'POST') return new Response(null, { status: 405 })
      const body = await readBody(request)
      if (body === undefined) return new Response(null, { status: 400 })
      try {
        const signature = request.headers.get('x-hub-signature-256') ?? ''
        return new Response(null, { status: await take(body, signature) })
      } catch (error) {
        // Meta brings the webhook again.
        onError(error)
        return new Response(null, { status: 500 })
      }
    },
  }
}

function incomingOf(value: unknown): Incoming | undefined {
  const known = messageSchema.safeParse(value)
  if (!known.success) return undefined
  const { from, id, timestamp, type, text, context } = known.data
  const isForwarded = context?.forwarded === true || context?.frequently_forwarded === true
  return {
    account: from,
    messageId: id,
    // A button, a reaction or a file is no text, and so no command.
    text: type === 'text' ? (text?.body ?? '') : '',
    sentAt: Number(timestamp),
    replyTo: context?.id ?? null,
    refusal: isForwarded ? 'forwarded' : null,
  }
}

function freeText({ letter, replyTo }: Delivery): object {
  return {
    ...(replyTo !== null && { context: { message_id: replyTo } }),
    type: 'text',
    text: { preview_url: false, body: unformatted(plainText(letter)) },
  }
}

/** The one variable of the template: a line without breaks, the rest comes with `status`. */
function templateOf({ letter }: Delivery, { name, language }: WhatsAppOptions['template']): object {
  const text = unformatted(`${headingOf(letter)}. ${letter.lines.join(' ')}`)
    .replace(/\s+/g, ' ')
    .slice(0, 900)
  const parameters = [{ type: 'text', text }]
  const body = { type: 'body', parameters }
  return { type: 'template', template: { name, language: { code: language }, components: [body] } }
}

/** WhatsApp has marks for bold, italics and code and no way to escape them. */
function unformatted(text: string): string {
  return text.replace(/[*_~`]/g, '·').slice(0, 4096)
}

function unavailable({ retryAfter, cause }: { retryAfter?: number; cause?: unknown }) {
  return new EarnestError('channel_unavailable', 'WhatsApp cannot be reached', {
    retryable: true,
    details: { ...(retryAfter !== undefined && { retryAfter }) },
    ...(cause !== undefined && { cause }),
  })
}
