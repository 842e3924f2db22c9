import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import {
  EarnestError,
  type EventType,
  type Subscription,
  type Webhook,
} from '@earnest/sdk/protocol'
import { getAgent } from '../../discovery/agent.ts'
import type { Context } from '../../store/context.ts'
import { append, lastEvent } from '../../store/journal.ts'
import type { Signer } from '../../store/signer.ts'
import type { Tx } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'
import { isAllowedUrl } from '../verify/guardedFetch.ts'
import { readCursor } from './cursor.ts'
import { PERSONAL } from './letter.ts'
import type { SendMail } from './mail.ts'
import { addressOf } from './send.ts'

type Subscribing = Context & {
  webhookKey: Signer['webhookKey']
  mail?: SendMail | undefined
}
type Whose = { webhookId: string; by: string }

/** Subscriptions that one agent may have. */
const MAX_WEBHOOKS = 10
/** Wrong codes after which a mailbox has to be subscribed anew. */
const MAX_CODE_TRIES = 5
/** Seconds for which the code of a mailbox is good. */
const CODE_LIFETIME = 3600

/**
 * Subscribes a server (https) or a mailbox (mailto, once confirmed) to the events that concern the
 * signer.
 * @throws agent_unknown, webhook_url_refused, too_many_webhooks, mail_unavailable, mail_not_sent
 */
export async function createWebhook(
  context: Subscribing,
  { subscription, by }: { subscription: Subscription; by: string },
): Promise<Webhook> {
  const { db, signer, clock, mail } = context
  const { url, types, after } = subscription
  const isMail = url.startsWith('mailto:')
  if (!isAllowed(url)) {
    throw new EarnestError('webhook_url_refused', 'Want https on a public host, or one mailbox')
  }
  if (isMail && !mail) throw new EarnestError('mail_unavailable', 'This oracle sends no mail')
  await getAgent(db, by)
  const newest = await lastEvent(db)
  const code = String(randomInt(10 ** 8)).padStart(8, '0')
  const now = clock.now()
  const id = crypto.randomUUID()
  const row = await db.transaction().execute(async (tx) => {
    // The agent's row is the lock under which its subscriptions are counted.
    await tx.selectFrom('agent').select('did').where('did', '=', by).forUpdate().execute()
    const before = await tx.selectFrom('webhook').select('id').where('did', '=', by).execute()
    if (before.length >= MAX_WEBHOOKS) {
      throw new EarnestError('too_many_webhooks', `At most ${MAX_WEBHOOKS} for each agent`)
    }
    const inserted = await tx
      .insertInto('webhook')
      .values({
        id,
        did: by,
        url,
        types: types ?? (isMail ? [...PERSONAL] : null),
        status: isMail ? 'unconfirmed' : 'active',
        cursor: Math.min(after ?? newest, newest),
        next_at: now,
        code_hash: isMail ? hashCode(id, code) : null,
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    // The address stays out of the audit log: a journal cannot forget.
    await note(tx, context, { action: 'webhook_created', by, webhookId: id })
    return inserted
  })
  if (isMail && mail) {
    const answer = await mail({
      to: addressOf(url),
      subject: 'Confirm that you want these notices',
      text: `The code is ${code}. It is good for an hour.\n\nOracle ${signer.did} was asked to send notices about the trades of ${by} to this address. If that was not you, do nothing.`,
      messageId: `code.${id}`,
    })
    if (!answer.delivered) {
      await db.deleteFrom('webhook').where('id', '=', id).execute()
      throw new EarnestError('mail_not_sent', 'The mail server did not take it', {
        retryable: true,
      })
    }
  }
  return recordOf(row, context)
}

/**
 * Confirms a mailbox by the code that was sent there.
 * @throws webhook_unknown, code_wrong, code_expired
 */
export async function confirmWebhook(
  context: Subscribing,
  { webhookId, code, by }: Whose & { code: string },
): Promise<Webhook> {
  const { db, clock } = context
  const now = clock.now()
  const outcome = await db.transaction().execute(async (tx) => {
    const row = await find(tx, { webhookId, by })
    if (row.status !== 'unconfirmed' || row.code_hash === null) return row
    if (now >= row.created_at + CODE_LIFETIME || row.code_tries >= MAX_CODE_TRIES) return 'expired'
    const isRight = timingSafeEqual(
      Buffer.from(row.code_hash, 'hex'),
      Buffer.from(hashCode(webhookId, code), 'hex'),
    )
    if (!isRight) {
      const tries = { code_tries: row.code_tries + 1 }
      await tx.updateTable('webhook').set(tries).where('id', '=', webhookId).execute()
      return 'wrong'
    }
    await note(tx, context, { action: 'webhook_confirmed', by, webhookId })
    return change(tx, webhookId, { status: 'active', code_hash: null, next_at: now })
  })
  if (outcome === 'wrong') throw new EarnestError('code_wrong', 'Not the code that was sent')
  if (outcome === 'expired') throw new EarnestError('code_expired', 'Subscribe again')
  return recordOf(outcome, context)
}

/**
 * Delivers again what came after an event (default: after the last that was dealt with), and starts a
 * subscription that had stopped. `after` its dead letter leaves that one out.
 * @throws webhook_unknown, webhook_unconfirmed
 */
export async function replayWebhook(
  context: Subscribing,
  { webhookId, after, by }: Whose & { after?: number | undefined },
): Promise<Webhook> {
  const { db, clock } = context
  const newest = await lastEvent(db)
  return db.transaction().execute(async (tx) => {
    const row = await find(tx, { webhookId, by })
    if (row.status === 'unconfirmed') {
      throw new EarnestError('webhook_unconfirmed', 'Confirm the mailbox first')
    }
    const cursor = Math.min(after ?? row.cursor, newest)
    await note(tx, context, { action: 'webhook_replayed', by, webhookId, after: cursor })
    const changed = await change(tx, webhookId, {
      status: 'active',
      cursor,
      attempts: 0,
      next_at: clock.now(),
      failed_event: null,
      failed_at: null,
      // Who delivers at this moment must not move the cursor afterwards.
      lease_token: null,
      leased_until: null,
    })
    return recordOf(changed, context)
  })
}

/**
 * The subscriptions of an agent, oldest first.
 * @throws invalid_request for a cursor that this list never gave
 */
export async function listWebhooks(
  context: Subscribing,
  {
    by,
    limit = 50,
    cursor,
  }: { by: string; limit?: number | undefined; cursor?: string | undefined },
): Promise<{ webhooks: Webhook[]; cursor: string | null }> {
  const [createdAt, id] = readCursor(cursor)
  const rows = await context.db
    .selectFrom('webhook')
    .selectAll()
    .where('did', '=', by)
    .where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '>', tuple(createdAt, id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    webhooks: rows.map((row) => recordOf(row, context)),
    cursor: last ? `${last.created_at}/${last.id}` : null,
  }
}

/**
 * Ends a subscription; what was delivered stays proven.
 * @throws webhook_unknown
 */
export async function deleteWebhook(
  context: Subscribing,
  { webhookId, by }: Whose,
): Promise<Webhook> {
  return context.db.transaction().execute(async (tx) => {
    const row = await find(tx, { webhookId, by })
    await tx.deleteFrom('webhook').where('id', '=', webhookId).execute()
    await note(tx, context, { action: 'webhook_deleted', by, webhookId })
    return recordOf(row, context)
  })
}

function isAllowed(url: string): boolean {
  const parsed = new URL(url)
  if (parsed.protocol === 'https:') return isAllowedUrl(parsed)
  // No second recipient and no header may hide in a mailbox.
  return parsed.search === '' && /^[\w.+-]{1,64}@[a-z0-9.-]{1,253}$/i.test(addressOf(url))
}

async function find(tx: Tx, { webhookId, by }: Whose): Promise<Row<'webhook'>> {
  const row = await tx
    .selectFrom('webhook')
    .selectAll()
    .where('id', '=', webhookId)
    .where('did', '=', by)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw new EarnestError('webhook_unknown', 'No such subscription of yours')
  return row
}

function change(tx: Tx, id: string, changes: Partial<Row<'webhook'>>): Promise<Row<'webhook'>> {
  return tx
    .updateTable('webhook')
    .set(changes)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function note(
  tx: Tx,
  { signer, clock }: Subscribing,
  { action, by, ...data }: { action: string; by: string } & Record<string, string | number>,
): Promise<void> {
  await append(tx, signer, [{ action, subject: by, at: clock.now(), data }])
}

function hashCode(webhookId: string, code: string): string {
  return createHash('sha256').update(`${webhookId}/${code}`).digest('hex')
}

function recordOf(row: Row<'webhook'>, { webhookKey }: Pick<Subscribing, 'webhookKey'>): Webhook {
  const isServer = row.url.startsWith('https:')
  const isWaiting = row.status === 'active' && row.attempts > 0
  return {
    webhookId: row.id,
    agent: row.did as Webhook['agent'],
    url: row.url,
    types: row.types as EventType[] | null,
    publicKey: isServer
      ? `whpk_${Buffer.from(webhookKey(row.id).publicKey).toString('base64')}`
      : null,
    status: row.status,
    lastEventId: row.cursor,
    attempts: row.attempts,
    nextAttemptAt: isWaiting ? row.next_at : null,
    lastAnswer: row.answer,
    deadLetter:
      row.failed_event === null || row.failed_at === null
        ? null
        : { eventId: row.failed_event, at: row.failed_at },
    createdAt: row.created_at,
  }
}
