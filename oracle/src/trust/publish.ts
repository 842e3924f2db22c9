import type { Context } from '../store/context.ts'
import { append, type Entry } from '../store/journal.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import type { Tx } from '../store/store.ts'
import type { Changes, Trust } from './answer.ts'
import type { Audit } from './audit.ts'
import type { Pass } from './event.ts'
import type { Published } from './published.ts'

type Publishing = Context & { trust: Trust; lease: Lease }

const DAY = 86_400

/**
 * Tells whose published numbers changed (`score_changed`) and which bond tiers came up for review
 * (`bond_review`), once for each change, whichever process does it.
 * @returns how many were told.
 */
export async function publishScores(context: Publishing): Promise<number> {
  const changes = await context.trust.changes()
  if (changes.agents.length === 0 && changes.reviews.length === 0) return 0
  return publish(context, changes, changes.agents)
}

/**
 * The nightly pass, once a day: every registered agent's numbers as time alone has moved them, and the
 * full pass over the graph beside what was kept up, on record whether they agree (ORC-16, REP-23).
 * @returns false where the day had its pass already.
 */
export async function publishDay(context: Publishing): Promise<boolean> {
  const { db, signer, clock, trust, lease } = context
  const now = clock.now()
  const day = Math.floor(now / DAY)
  const last = await db
    .selectFrom('cursor')
    .select('block')
    .where('name', '=', 'nightly')
    .executeTakeFirst()
  if (last && last.block >= day) return false
  const agents = await db.selectFrom('agent').select('did').orderBy('did').execute()
  const changes = await trust.changes()
  await publish(
    context,
    changes,
    agents.map(({ did }) => did),
  )
  const fact: Pass = { kind: 'pass', at: now }
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    await tx
      .insertInto('cursor')
      .values({ name: 'nightly', block: day })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ block: day }))
      .execute()
    const pass = { action: 'full_pass', subject: String(day), at: now, key: `full_pass/${day}` }
    await append(tx, signer, [{ ...pass, data: {}, fact }])
  })
  // Whoever follows the log makes the pass at its place in it; what it found is put on record here.
  const found = await trust.audit()
  if (found) await recordAudit(context, { day, now, found })
  return true
}

async function recordAudit(
  { db, signer, lease }: Publishing,
  { day, now, found }: { day: number; now: number; found: Audit },
): Promise<void> {
  const { trust, unit, evidence, ...data } = found
  // The journal carries no fractions of its own making: they stay as they were printed.
  const differences = { trust: String(trust), unit: String(unit), evidence: String(evidence) }
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    await append(tx, signer, [
      {
        action: found.agrees ? 'full_pass_agrees' : 'full_pass_differs',
        subject: String(day),
        at: now,
        key: `full_pass_found/${day}`,
        data: { ...data, differences },
      },
    ])
  })
}

/** Agents told of in one transaction. */
const PORTION = 500

async function publish(
  context: Publishing,
  changes: Changes,
  agents: readonly string[],
): Promise<number> {
  let told = 0
  try {
    for (let from = 0; from === 0 || from < agents.length; from += PORTION) {
      const reviews = from === 0 ? changes.reviews : []
      told += await tell(context, { ...changes, reviews }, agents.slice(from, from + PORTION))
    }
    return told
  } catch (error) {
    changes.restore()
    throw error
  }
}

async function tell(
  { db, signer, clock, trust, lease }: Publishing,
  { reviews, seen }: Changes,
  agents: readonly string[],
): Promise<number> {
  const now = clock.now()
  const published = await trust.published(agents)
  return db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const entries: Entry[] = []
    const known = await registered(tx, [...agents, ...reviews.map(({ subject }) => subject)])
    const before = await readScores(tx, agents)
    for (const agent of agents) {
      const after = published.get(agent)
      if (!after || !known.has(agent)) continue
      const entry = await scoreEntry(tx, { agent, before: before.get(agent), after, seen, now })
      if (entry) entries.push(entry)
    }
    for (const { reviewId, kind, subject, reason, at } of reviews) {
      if (kind !== 'bondTier' || !known.has(subject)) continue
      const bondTier = published.get(subject)?.bondTier ?? null
      entries.push({
        action: 'bond_review',
        subject,
        at: now,
        key: `bond_review/${reviewId}/${Math.floor(at)}`,
        data: { reviewId, reason, since: Math.floor(at), bondTier },
        tell: { type: 'bond_review', agents: [subject] },
      })
    }
    return append(tx, signer, entries)
  })
}

async function registered(tx: Tx, agents: readonly string[]): Promise<Set<string>> {
  if (agents.length === 0) return new Set()
  const rows = await tx
    .selectFrom('agent')
    .select('did')
    .where('did', 'in', [...new Set(agents)])
    .execute()
  return new Set(rows.map(({ did }) => did))
}

async function readScores(tx: Tx, agents: readonly string[]): Promise<Map<string, Published>> {
  if (agents.length === 0) return new Map()
  const rows = await tx
    .selectFrom('score')
    .selectAll()
    .where('did', 'in', [...agents])
    .execute()
  return new Map(rows.map(({ did, published }) => [did, JSON.parse(published) as Published]))
}

/** Keeps what is published now; an entry where it is not what was. */
async function scoreEntry(
  tx: Tx,
  {
    agent,
    before,
    after,
    seen,
    now,
  }: {
    agent: string
    before: Published | undefined
    after: Published
    seen: number
    now: number
  },
): Promise<Entry | undefined> {
  const text = JSON.stringify(after)
  if (before && JSON.stringify(before) === text) return undefined
  const row = { did: agent, published: text, at: now }
  await tx
    .insertInto('score')
    .values(row)
    .onConflict((conflict) => conflict.column('did').doUpdateSet(row))
    .execute()
  const isNews = before !== undefined || after.compositeScore !== null || after.sanction !== 'none'
  if (!isNews) return undefined
  return {
    action: 'score_changed',
    subject: agent,
    at: now,
    key: `score_changed/${agent}/${seen}/${now}`,
    data: { before: before ?? null, after, facts: seen },
    tell: { type: 'score_changed', agents: [agent] },
  }
}
