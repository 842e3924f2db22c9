import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { base64 } from '@scure/base'
import * as z from 'zod'
import { word } from './address.ts'
import { decode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { eventSchema, eventTypeSchema, type OracleEvent, verifyEvent } from './event.ts'
import type { KeyResolver } from './key.ts'
import { signature, verifyBytes } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

/** Seconds by which the time of a delivery may differ from the receiver's clock (Standard Webhooks 1.0.0). */
export const MAX_DELIVERY_SKEW = 300

/** Where an agent, or the person behind it, wants to be told: a server, or a mailbox. */
export const subscriptionSchema = z.strictObject({
  url: z.url({ protocol: /^(https|mailto)$/ }).max(500),
  /** Absent: every event that concerns the agent; by mail, those that a person waits for. */
  types: z.array(eventTypeSchema).min(1).max(40).exactOptional(),
  /** Number of the event after which it begins; absent: with what is new. */
  after: z.int().min(0).exactOptional(),
})
export type Subscription = z.output<typeof subscriptionSchema>

/** A subscription and how it fares. */
export const webhookSchema = z.object({
  webhookId: z.uuid(),
  agent: did,
  url: z.string(),
  types: z.array(eventTypeSchema).nullable(),
  /** Its own Ed25519 key, as Standard Webhooks writes it; null for a mailbox. */
  publicKey: z
    .string()
    .regex(/^whpk_[A-Za-z0-9+/]{43}=$/)
    .nullable(),
  /** `unconfirmed`: a mailbox whose code is awaited; `stopped`: an event could not be delivered. */
  status: z.enum(['unconfirmed', 'active', 'stopped']),
  /** Number of the last event that was dealt with; everything after it is still to come. */
  lastEventId: z.int().min(0),
  /** Failed tries of the next event. */
  attempts: z.int().min(0),
  nextAttemptAt: utc.nullable(),
  /** What the receiver said last: an HTTP status, `no_answer`, or the mail server's code. */
  lastAnswer: z.string().nullable(),
  /** The event at which a stopped subscription stands. */
  deadLetter: z.object({ eventId: z.int().min(1), at: utc }).nullable(),
  createdAt: utc,
})
export type Webhook = z.output<typeof webhookSchema>

/** That one event reached one party (UNS-02): when, on which channel, and what the receiver answered. */
export const noticeSchema = signedObject({
  eventId: z.int().min(1),
  type: eventTypeSchema,
  to: did,
  channel: z.enum(['webhook', 'email']),
  /** SHA-256 of the address: provable by whoever knows it, public to nobody. */
  addressHash: z.string().regex(/^[0-9a-f]{64}$/),
  deliveredAt: utc,
  answer: z.string().max(200),
})
export type Notice = z.output<typeof noticeSchema>

/** Proofs of notice of one escrow, a page at a time; the signature (type "notice") covers all other fields. */
export const noticesBodySchema = signedObject({
  escrowId: word,
  notices: z.array(noticeSchema),
  /** Of the next page; null on the last. */
  cursor: z.string().max(200).nullable(),
  oracle: did,
  asOf: utc,
})
export const noticesSchema = noticesBodySchema.extend({ signature })
export type Notices = z.output<typeof noticesSchema>

/** SHA-256 of where a notice went, as `addressHash` has it. */
export function hashAddress(url: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(url)))
}

/** The bytes that a delivery's signature is over: id, time and body, joined by full stops. */
export function deliveryBytes(delivery: {
  id: string
  timestamp: number
  body: Uint8Array
}): Uint8Array {
  const { id, timestamp, body } = delivery
  if (!/^msg_[A-Za-z0-9_-]{1,100}$/.test(id) || !Number.isSafeInteger(timestamp)) {
    throw new EarnestError('invalid_delivery', 'Want an id without full stops and a whole second')
  }
  const head = new TextEncoder().encode(`${id}.${timestamp}.`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

/**
 * Reads one delivery of a webhook: checks the three headers of Standard Webhooks against the
 * subscription's key, the time, and the oracle's own signature on the event. The same `id` may come
 * more than once. Throws `invalid_delivery`, `delivery_expired`, `invalid_event`.
 * @example
 * const event = verifyDelivery({ header: (name) => request.headers.get(name), body, publicKey, oracle: did, now })
 */
export function verifyDelivery(delivery: {
  header: (name: string) => string | null | undefined
  /** The body as it came, not parsed and written again. */
  body: Uint8Array
  publicKey: string
  /** DID of the oracle. */
  oracle: string
  /** Unix seconds. */
  now: number
  keyOf?: KeyResolver
}): OracleEvent {
  const { header, body, oracle, now, keyOf } = delivery
  const id = header('webhook-id') ?? ''
  const timestamp = Number(header('webhook-timestamp') ?? Number.NaN)
  const message = deliveryBytes({ id, timestamp, body })
  const publicKey = fromBase64(delivery.publicKey.replace(/^whpk_/, ''), 32)
  const isSigned = (header('webhook-signature') ?? '')
    .split(' ')
    .filter((entry) => entry.startsWith('v1a,'))
    .some((entry) => {
      const signature = fromBase64(entry.slice('v1a,'.length), 64)
      return signature && publicKey && verifyBytes({ signature, message, publicKey })
    })
  if (!isSigned) throw new EarnestError('invalid_delivery', 'Not signed by the subscription’s key')
  if (Math.abs(now - timestamp) > MAX_DELIVERY_SKEW) {
    throw new EarnestError('delivery_expired', 'Sent too long ago, or in the future', {
      details: { timestamp, now },
    })
  }
  const { data } = decode(deliverySchema, parse(body), 'invalid_event')
  verifyEvent(data, { oracle, ...(keyOf && { keyOf }) })
  return data
}

/** The body of a delivery. */
export const deliverySchema = z.object({
  type: eventTypeSchema,
  timestamp: z.string(),
  data: eventSchema,
})

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new EarnestError('invalid_event', 'Not JSON', { cause })
  }
}

function fromBase64(text: string, length: number): Uint8Array | undefined {
  try {
    const bytes = base64.decode(text)
    return bytes.length === length ? bytes : undefined
  } catch {
    return undefined
  }
}
