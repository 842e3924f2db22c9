import { hashAddress } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Context } from '../../store/context.ts'
import { append, lastEvent, readEvents } from '../../store/journal.ts'
import { statement } from '../../store/statement.ts'
import type { Row } from '../../store/tables.ts'
import { backoffOf, MAX_ATTEMPTS } from './backoff.ts'
import { type Sending, sendEvent } from './send.ts'

type Notifying = Context & Sending

/** Subscriptions that one process serves at once. */
const AT_ONCE = 16
/** Events that one turn of a subscription brings, each with ten seconds at most. */
const BATCH = 8
/** Seconds by the database's clock after which a turn that never ended belongs to the next process. */
const LEASE_SECONDS = 120

/**
 * Delivers what is due: every event that concerns an agent to each of its subscriptions, at least
 * once and in order. What fails is tried again, ever more seldom; after the last try, or where the
 * receiver says that it is gone, the subscription stops at that event until its owner replays it, so
 * that order holds and nothing is lost. A subscription that fails holds up nobody else.
 * @returns how many deliveries were tried.
 */
export async function deliverNotices(context: Notifying): Promise<number> {
  const turns = await claim(context)
  const tried = await Promise.all(turns.map((turn) => deliverTo(context, turn)))
  return tried.reduce((sum, count) => sum + count, 0)
}

/** Leases subscriptions that have something to be told; of two processes one gets each. */
async function claim({ db, clock }: Notifying): Promise<Row<'webhook'>[]> {
  const token = crypto.randomUUID()
  return lease(db, { token, now: clock.now() })
}

const lease = statement(
  (_, { token, now }: { token: string; now: number }) => sql<Row<'webhook'>>`
    update webhook set
      lease_token = ${token},
      leased_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where id in (
      select w.id from webhook w
      where w.status = 'active' and w.next_at <= ${now}
        and (w.leased_until is null or w.leased_until <= clock_timestamp())
        and exists (select 1 from event e where e.id > w.cursor and e.agents @> array[w.did])
      order by w.next_at, w.id
      for update skip locked
      limit ${AT_ONCE}
    )
    returning *`,
)

async function deliverTo(context: Notifying, webhook: Row<'webhook'>): Promise<number> {
  const { db, clock } = context
  // Read first: what comes between is for the next turn.
  const newest = await lastEvent(db)
  const events = await readEvents(db, { after: webhook.cursor, limit: BATCH, agent: webhook.did })
  let tried = 0
  let failures = webhook.attempts
  for (const event of events) {
    if (webhook.types !== null && !webhook.types.includes(event.type)) continue
    const now = clock.now()
    const { delivered, answer, gone } = await sendEvent(context, { webhook, event, now })
    tried += 1
    if (!delivered) {
      await fail(context, { webhook, event, answer, gone: gone === true, attempts: failures + 1 })
      return tried
    }
    failures = 0
    if (!(await keepNotice(context, { webhook, event, answer }))) return tried
  }
  const cursor = events.length < BATCH ? newest : (events.at(-1)?.id ?? newest)
  await mine(context, webhook)
    .set({
      cursor: sql<number>`greatest(cursor, ${cursor})`,
      lease_token: null,
      leased_until: null,
    })
    .execute()
  return tried
}

/** False where the subscription was changed in between: whoever changed it goes on. */
async function keepNotice(
  context: Notifying,
  { webhook, event, answer }: { webhook: Row<'webhook'>; event: Row<'event'>; answer: string },
): Promise<boolean> {
  return context.db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await mine({ db: tx }, webhook)
      .set({ cursor: event.id, attempts: 0, answer })
      .executeTakeFirst()
    await tx
      .insertInto('notice')
      .values({
        webhook_id: webhook.id,
        event_id: event.id,
        did: webhook.did,
        escrow_id: event.escrow_id,
        channel: webhook.url.startsWith('mailto:') ? 'email' : 'webhook',
        address_hash: hashAddress(webhook.url),
        at: context.clock.now(),
        answer: answer.slice(0, 200),
      })
      // A replay is no second notice.
      .onConflict((conflict) => conflict.columns(['webhook_id', 'event_id']).doNothing())
      .execute()
    return numUpdatedRows === 1n
  })
}

async function fail(
  context: Notifying,
  {
    webhook,
    event,
    answer,
    gone,
    attempts,
  }: {
    webhook: Row<'webhook'>
    event: Row<'event'>
    answer: string
    gone: boolean
    attempts: number
  },
): Promise<void> {
  const { db, signer, clock } = context
  const now = clock.now()
  const stops = gone || attempts >= MAX_ATTEMPTS
  await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await mine({ db: tx }, webhook)
      .set({
        attempts,
        answer,
        next_at: now + backoffOf(attempts, chance()),
        ...(stops && { status: 'stopped' as const, failed_event: event.id, failed_at: now }),
        lease_token: null,
        leased_until: null,
      })
      .executeTakeFirst()
    if (!stops || numUpdatedRows !== 1n) return
    await append(tx, signer, [
      {
        action: 'webhook_stopped',
        subject: webhook.did,
        at: now,
        data: { webhookId: webhook.id, eventId: event.id, attempts, answer },
      },
    ])
  })
}

/** The row as long as this turn's lease is the one that counts. */
function mine({ db }: Pick<Notifying, 'db'>, webhook: Row<'webhook'>) {
  return db
    .updateTable('webhook')
    .where('id', '=', webhook.id)
    .where('lease_token', '=', webhook.lease_token)
}

function chance(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32
}
