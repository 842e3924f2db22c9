import * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import { isEarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Store } from '../protocol/store.ts'
import { type Account, type Accounts, accountKey } from './account.ts'
import type { Channel } from './channel.ts'
import { letterSchema } from './letter.ts'

const mailSchema = z.strictObject({
  /** One letter to one account has one key. */
  key: z.string(),
  channel: z.string(),
  account: z.string(),
  letter: letterSchema,
  replyTo: z.string().nullable(),
  /** What its link is for, on channels that are answered by link. */
  kind: z.enum(['link', 'answer']),
  at: z.int(),
  attempts: z.int(),
  nextAt: z.int(),
})
/** A letter that waits to be sent. */
export type Mail = z.infer<typeof mailSchema>

/** Seconds after which whoever sends a letter counts as dead. */
const SENDING = 60
/** Seconds of the first and the longest wait, and tries after which a letter is given up: about a day. */
const FIRST = 2
const LONGEST = 3600
const MAX_ATTEMPTS = 30
/** Failed tries after which an alert goes to the next channel too. */
export const TROUBLE_AFTER = 3
/** Seconds for which it is remembered what was sent and what was answered. */
const REMEMBERED = 45 * 86_400

/** What the outbox needs of the desk. */
export interface OutboxOptions {
  store: Store
  clock: Clock
  channels: ReadonlyMap<string, Channel>
  accounts: Accounts
  tokenFor(mail: Mail): string
  /** Called when a channel has trouble with a letter, and once more when it is given up. */
  onTrouble(mail: Mail, trouble: { code: string; isLost: boolean }): Promise<void>
}

/** Letters on their way. */
export type Outbox = ReturnType<typeof createOutbox>

/**
 * Sends letters at least once, in order for each account, each channel by itself: a slow or broken one
 * holds up no other. A letter is in the store before it is tried and until it was taken.
 */
export function createOutbox(options: OutboxOptions) {
  const { store, clock, channels, accounts } = options
  const sending = new Map<string, Promise<void>>()

  async function put(
    mail: Pick<Mail, 'key' | 'letter'> & Partial<Mail> & Pick<Account, 'channel' | 'account'>,
  ) {
    if ((await store.get(`owner/told/${mail.key}`)) !== undefined) return
    const whole: Mail = {
      replyTo: null,
      kind: 'answer',
      at: clock.now(),
      attempts: 0,
      nextAt: clock.now(),
      ...mail,
    }
    await store.swap(`owner/outbox/${mail.key}`, undefined, whole)
  }

  async function waiting(): Promise<Mail[]> {
    const mails: Mail[] = []
    for (const key of await store.keys('owner/outbox/')) {
      const known = mailSchema.safeParse(await store.get(key))
      if (known.success) mails.push(known.data)
    }
    return mails.sort((a, b) => a.at - b.at || (a.letter.alertId ?? 0) - (b.letter.alertId ?? 0))
  }

  /** One run for each channel at a time; what came meanwhile is in the next one. */
  async function flush(): Promise<void> {
    const mails = await waiting()
    for (const name of new Set(mails.map(({ channel }) => channel))) {
      const channel = channels.get(name)
      if (channel === undefined || sending.has(name)) continue
      const run = sendAll(
        channel,
        mails.filter((mail) => mail.channel === name),
      )
      sending.set(name, run)
      void run.catch(() => {}).finally(() => sending.delete(name))
    }
  }

  async function sendAll(channel: Channel, mails: readonly Mail[]): Promise<void> {
    const held = new Set<string>()
    for (const mail of mails) {
      if (held.has(mail.account)) continue
      if (mail.nextAt > clock.now() || !(await send(channel, mail))) held.add(mail.account)
    }
  }

  /** False where the letters behind it have to wait. */
  async function send(channel: Channel, found: Mail): Promise<boolean> {
    const { key, account, letter, replyTo } = found
    const mail = { ...found, nextAt: clock.now() + SENDING }
    // Taken before it is sent: of several processes one sends it, and where that one dies another does later.
    if (!(await store.swap(`owner/outbox/${key}`, found, mail))) return false
    try {
      const known = await accounts.find(channel.name, account)
      const { messageId } = await channel.send({
        key,
        account,
        letter,
        replyTo,
        heardAt: known?.heardAt ?? null,
        now: clock.now(),
        kind: mail.kind,
        token: options.tokenFor(mail),
      })
      if (messageId !== null && letter.alertId !== null) {
        const about = { alertId: letter.alertId, at: clock.now() }
        await store.set(sentKey(channel.name, account, messageId), about)
      }
      await store.set(`owner/told/${key}`, clock.now())
      await store.delete(`owner/outbox/${key}`)
      return true
    } catch (error) {
      return await fail(mail, error)
    }
  }

  async function fail(mail: Mail, error: unknown): Promise<boolean> {
    const isOurs = isEarnestError(error)
    const code = isOurs ? error.code : 'channel_failed'
    const attempts = mail.attempts + 1
    const isLost = (isOurs && !error.retryable) || attempts >= MAX_ATTEMPTS
    if (isLost) {
      await options.onTrouble(mail, { code, isLost })
      await store.delete(`owner/outbox/${mail.key}`)
      return true
    }
    const named = isOurs ? error.details.retryAfter : undefined
    const wait = Math.min(LONGEST, FIRST * 2 ** Math.min(attempts - 1, 20))
    const nextAt = clock.now() + (typeof named === 'number' ? Math.max(1, named) : wait)
    await store.set(`owner/outbox/${mail.key}`, { ...mail, attempts, nextAt })
    if (attempts === TROUBLE_AFTER) await options.onTrouble(mail, { code, isLost })
    return false
  }

  return {
    put,
    waiting,
    flush,
    /** Waits until nothing is being sent. */
    async idle(): Promise<void> {
      while (sending.size > 0) await Promise.allSettled(sending.values())
    },
    /** The alert that one of our messages was about. */
    async alertOf(
      channel: string,
      account: string,
      messageId: string,
    ): Promise<number | undefined> {
      const known = await store.get(sentKey(channel, account, messageId))
      return (known as { alertId: number } | undefined)?.alertId
    },
    /** Forgets what was sent long ago. */
    async prune(): Promise<void> {
      const before = clock.now() - REMEMBERED
      for (const key of await store.keys('owner/told/')) {
        if (Number(await store.get(key)) < before) await store.delete(key)
      }
      for (const key of await store.keys('owner/sent/')) {
        const known = (await store.get(key)) as { at: number } | undefined
        if ((known?.at ?? 0) < before) await store.delete(key)
      }
    },
  }
}

function sentKey(channel: string, account: string, messageId: string): string {
  const id = hashBytes(new TextEncoder().encode(messageId)).slice(0, 32)
  return `owner/sent/${accountKey(channel, account)}/${id}`
}
