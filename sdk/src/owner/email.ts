import { createTransport } from 'nodemailer'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { Channel, Delivery, OpenToken, Reception } from './channel.ts'
import { headingOf, letter as makeLetter, plainText } from './letter.ts'
import { type Page, pageOf } from './page.ts'
import { readForm } from './readBody.ts'

/** What a mailbox as a channel needs. */
export interface EmailOptions {
  /** `smtp://user:password@host:port` or `smtps://`. */
  smtp: string
  from: string
  /** Where `fetch` is served, such as `https://agent.example/owner`. */
  url: string
  /** What goes wrong behind a page. */
  onError?: (error: unknown) => void
}

/** Mail as a channel: letters out, answers by signed links. */
export interface Email extends Channel {
  /** Serves the pages behind the links: GET shows, POST acts. */
  fetch(request: Request): Promise<Response>
}

const SEND_MS = 20_000
/** What a person may order on a page. */
const VERBS = new Set(['refund', 'cancel', 'defend', 'say', 'note'])
/** Orders that need words. */
const WORDY = new Set(['defend', 'say', 'note'])

/**
 * Letters by SMTP. A letter is answered by its own link and never by mail: a sender's address proves
 * nothing. The link opens a page; an order about money is confirmed by a code that goes to the mailbox, so
 * that a letter that was passed on orders nothing. Needs the package `nodemailer`.
 */
export function createEmail({ smtp, from, url, onError = () => {} }: EmailOptions): Email {
  const timeouts = {
    connectionTimeout: SEND_MS,
    greetingTimeout: SEND_MS,
    socketTimeout: SEND_MS,
  }
  // What an agent wrote must not make this process open files or addresses.
  const closed = { disableFileAccess: true, disableUrlAccess: true }
  const transport = createTransport({ url: smtp, ...timeouts, ...closed }, { from })
  const host = from.replace(/^.*@/, '').replace(/>$/, '')
  let reception: Reception | undefined

  async function act(request: Request): Promise<Page> {
    const desk = reception
    if (desk === undefined) throw new EarnestError('not_open', 'The desk is not open yet')
    const isPost = request.method === 'POST'
    const form = isPost ? await readForm(request) : new URL(request.url).searchParams
    const sealed = form.get('t') ?? ''
    const token = await desk.readToken(sealed)
    if (token.kind === 'link') {
      if (isPost && !token.isUsed) {
        await desk.useToken(token)
        await desk.verify(token)
      }
      return { kind: 'link', token: sealed, isDone: isPost || token.isUsed }
    }
    if (!isPost) {
      const asking = form.has('code')
      return {
        kind: 'answer',
        token: sealed,
        isUsed: token.isUsed,
        asking,
        letter: await desk.show(token),
      }
    }
    return await answer(desk, { token, sealed, form })
  }

  async function answer(
    desk: Reception,
    { token, sealed, form }: { token: OpenToken; sealed: string; form: URLSearchParams },
  ): Promise<Page> {
    const code = form.get('code')
    if (code !== null) {
      // The desk counts the tries; the link is used up by the order that the code belongs to. Each is a
      // message of its own: the right code may have met a chain that was away, and is entered again.
      const said = await receive(`confirm ${code.trim()}`, `${token.id}/${crypto.randomUUID()}`)
      return { kind: 'said', token: sealed, letter: said, asking: false }
    }
    const verb = form.get('verb') ?? ''
    if (!VERBS.has(verb)) throw new EarnestError('invalid_order', 'No such order')
    const text = (form.get('text') ?? '').trim()
    if (WORDY.has(verb) && text === '') throw new EarnestError('text_missing', 'Want a text')
    await desk.useToken(token)
    const words = { note: text, refund: verb, cancel: verb }[verb] ?? `${verb} ${text}`
    const said = await receive(words, `${token.id}/${verb}`)
    // The code itself is in the mailbox only.
    const shown = said.isSecret
      ? makeLetter(said.title, [
          'A code was sent to your mailbox. Nothing is done before you enter it.',
        ])
      : said
    return { kind: 'said', token: sealed, letter: shown, asking: said.isSecret }

    async function receive(words: string, messageId: string) {
      const answered = await desk.receive({
        account: token.account,
        messageId,
        text: words,
        sentAt: token.now,
        replyTo: null,
        refusal: null,
        ...(token.alertId !== null && { alertId: token.alertId }),
      })
      return answered ?? makeLetter('Done already', ['This was ordered before; see your mailbox.'])
    }
  }

  return {
    name: 'email',
    isAnsweredByLink: true,
    async send(delivery) {
      const { account, letter } = delivery
      // No second recipient and no header hides in an address.
      if (!/^[\w.+-]{1,64}@[a-z0-9.-]{1,253}$/i.test(account)) {
        throw new EarnestError('channel_rejected', 'Not a mailbox')
      }
      try {
        await transport.sendMail({
          to: { name: '', address: account },
          subject: `${headingOf(letter)}`.slice(0, 150),
          text: textOf(delivery),
          messageId: `<${delivery.key.replace(/[^\w.-]/g, '.')}@${host}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
      } catch (cause) {
        throw toEarnestError(cause)
      }
      return { messageId: null }
    },
    async open(opened) {
      reception = opened
    },
    async close() {
      reception = undefined
      transport.close()
    },
    async fetch(request) {
      if (!['GET', 'POST'].includes(request.method)) return new Response(null, { status: 405 })
      try {
        return respond(pageOf(await act(request), url), 200)
      } catch (error) {
        const isOurs = isEarnestError(error)
        if (!isOurs) onError(error)
        const code = isOurs ? error.code : 'temporarily_unavailable'
        const page = pageOf({ kind: 'fault', code }, url)
        return respond(page, isOurs && !error.retryable ? 400 : 503)
      }
    },
  }

  function textOf({ letter, token, kind }: Delivery): string {
    const link = `${url}?t=${token}`
    const canAnswer = letter.alertId !== null && letter.commands.length > 0
    return [
      plainText({ ...letter, commands: [] }),
      ...(kind === 'link' ? [`To confirm, open within seven days: ${link}`] : []),
      ...(canAnswer ? [`To see how it stands and to answer: ${link}`] : []),
      ...(letter.isSecret ? [`To enter the code: ${link}&code=`] : []),
      'A link is yours alone: do not pass this letter on. An answer by mail is not read.',
    ].join('\n\n')
  }
}

function respond(html: string, status: number): Response {
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    },
  })
}

/** A mailbox that is refused for good is given up; all else of SMTP may be mended. */
function toEarnestError(cause: unknown): EarnestError {
  const { responseCode = 0, command } = cause as { responseCode?: number; command?: string }
  const isFinal = responseCode >= 500 && responseCode < 600 && command === 'RCPT TO'
  return isFinal
    ? new EarnestError('channel_rejected', 'The mailbox is refused', { cause })
    : new EarnestError('channel_unavailable', 'The mail server cannot be reached', {
        retryable: true,
        cause,
      })
}
