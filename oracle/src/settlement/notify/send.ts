import { deliveryBytes, type EventType } from '@earnest/sdk/protocol'
import { eventOf } from '../../store/journal.ts'
import type { Signer } from '../../store/signer.ts'
import type { Row } from '../../store/tables.ts'
import type { TestFetch } from '../verify/guardedFetch.ts'
import type { Answer } from './answer.ts'
import { letterOf } from './letter.ts'
import type { SendMail } from './mail.ts'

/** Brings events out of the house. */
export type Sending = {
  signer: Pick<Signer, 'did'>
  webhookKey: Signer['webhookKey']
  /** Opens connections to public addresses only: the same guard as for HTTP criteria. */
  fetch: TestFetch
  /** Absent: no mailbox can be subscribed. */
  mail?: SendMail | undefined
}

/** Sends one event to one subscriber. Never throws. */
export async function sendEvent(
  sending: Sending,
  { webhook, event, now }: { webhook: Row<'webhook'>; event: Row<'event'>; now: number },
): Promise<Answer> {
  if (!webhook.url.startsWith('mailto:')) return sendWebhook(sending, { webhook, event, now })
  if (!sending.mail) return { delivered: false, answer: 'no_answer' }
  const letter = letterOf({ ...event, type: event.type as EventType }, sending.signer.did)
  return sending.mail({
    ...letter,
    to: addressOf(webhook.url),
    messageId: `${event.id}.${webhook.id}`,
  })
}

/** Signed as Standard Webhooks 1.0.0 says, under the subscription's own key (`v1a`, Ed25519). */
async function sendWebhook(
  { signer, webhookKey, fetch }: Sending,
  { webhook, event, now }: { webhook: Row<'webhook'>; event: Row<'event'>; now: number },
): Promise<Answer> {
  const data = eventOf(event, signer.did)
  const text = JSON.stringify({ type: data.type, timestamp: data.at, data })
  const body = new TextEncoder().encode(text)
  const id = `msg_${event.id}_${webhook.id}`
  const message = deliveryBytes({ id, timestamp: now, body })
  const signature = Buffer.from(webhookKey(webhook.id).sign(message)).toString('base64')
  const answer = await fetch({
    method: 'POST',
    url: webhook.url,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      'user-agent': 'earnest-oracle/1',
      'webhook-id': id,
      'webhook-timestamp': String(now),
      'webhook-signature': `v1a,${signature}`,
    },
    body,
  }).catch(() => null)
  if (!answer) return { delivered: false, answer: 'no_answer' }
  const { status } = answer
  return { delivered: status >= 200 && status < 300, answer: `${status}`, gone: status === 410 }
}

/** The mailbox of a `mailto:` URL. */
export function addressOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname)
}
