import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the server of Meta's Graph API was told to send. */
export type GraphMessage = {
  id: string
  to: string
  type: string
  /** What a person reads. */
  text: string
  raw: Record<string, unknown>
}
export type GraphMishap = { status: number; code?: number; retryAfter?: number }

export const NUMBER_ID = '106540352242922'
export const APP_SECRET = 'app-secret-of-a-test'

/**
 * A server that speaks the wire of WhatsApp's Cloud API: POST /v23.0/<number>/messages, errors with Meta's
 * codes, the session window of 24 hours; and webhooks as Meta signs them.
 */
export async function startGraph() {
  const sent: GraphMessage[] = []
  const mishaps: GraphMishap[] = []
  let count = 0
  /** Accounts whose session is over. */
  const cold = new Set<string>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const answer = (status: number, value: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(value))
    }
    const refuse = (status: number, code: number, headers = {}) =>
      answer(status, { error: { message: 'refused', type: 'OAuthException', code } }, headers)
    if (request.headers.authorization !== 'Bearer access') return refuse(401, 190)
    if (request.url !== `/v23.0/${NUMBER_ID}/messages`) return refuse(404, 100)
    const mishap = mishaps.shift()
    if (mishap) {
      const { status, code = 0, retryAfter } = mishap
      return refuse(
        status,
        code,
        retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` },
      )
    }
    const raw = JSON.parse(Buffer.concat(chunks).toString())
    if (raw.messaging_product !== 'whatsapp') return refuse(400, 100)
    if (raw.type === 'text' && cold.has(raw.to)) return refuse(400, 131_047)
    const variable = raw.template?.components?.[0]?.parameters?.[0]?.text ?? ''
    if (/[\n\t]| {5}/.test(variable)) return refuse(400, 132_018)
    const id = `wamid.${++count}`
    sent.push({ id, to: raw.to, type: raw.type, text: raw.text?.body ?? variable, raw })
    answer(200, {
      messaging_product: 'whatsapp',
      contacts: [{ input: raw.to, wa_id: raw.to }],
      messages: [{ id }],
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    mishaps,
    cold,
    /** The body of a webhook that brings one message. */
    bodyOf(
      text: string,
      { from = '16315551181', number = NUMBER_ID, ...message }: Record<string, unknown> = {},
    ): string {
      return JSON.stringify({
        object: 'whatsapp_business_account',
        entry: [
          {
            id: '102290129340398',
            changes: [
              {
                field: 'messages',
                value: {
                  messaging_product: 'whatsapp',
                  metadata: { display_phone_number: '15550783881', phone_number_id: number },
                  contacts: [{ profile: { name: 'Olivia Owner' }, wa_id: from }],
                  messages: [
                    {
                      from,
                      id: `wamid.in.${++count}`,
                      timestamp: String(Math.floor(Date.now() / 1000)),
                      type: 'text',
                      text: { body: text },
                      ...message,
                    },
                  ],
                },
              },
            ],
          },
        ],
      })
    },
    /** A webhook as Meta sends it; another secret makes a forged one. */
    webhook(body: string, secret: string | null = APP_SECRET): Request {
      const signature = secret && createHmac('sha256', secret).update(body).digest('hex')
      return new Request('https://agent.example/whatsapp', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(signature && { 'x-hub-signature-256': `sha256=${signature}` }),
        },
        body,
      })
    },
    async until(pattern: RegExp): Promise<GraphMessage> {
      for (;;) {
        const found = sent.findLast(({ text }) => pattern.test(text))
        if (found) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
