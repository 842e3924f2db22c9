import type { Entry } from '../store/journal.ts'
import type { Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'

/** Seconds without a heartbeat after which the buyers that wait are told (REP-08). */
export const SILENCE = 900
/** Seconds of an outage that cost latency alone, where the work still comes in time (REP-09). */
export const GRACE = 48 * 3600

/** What an outage was for one trade: mended within its grace, or lasting. */
export type OutageGrade = 'mended' | 'lasting'

/**
 * Opens an outage for every funded escrow of a silent seller that has none for this silence, also for
 * those funded while it lasts; each is told to its buyer once. A seller that never sent a heartbeat
 * made no such promise, and nobody is silent whom this oracle could not hear.
 */
export async function openOutages(
  tx: Tx,
  { now, hearingSince }: { now: number; hearingSince: number },
): Promise<Entry[]> {
  if (now - hearingSince <= SILENCE) return []
  const rows = await tx
    .selectFrom('agent')
    .innerJoin('pact', 'pact.seller_did', 'agent.did')
    .innerJoin('lock', 'lock.pact_id', 'pact.pact_id')
    .innerJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
    .select(['agent.did', 'agent.heartbeat_at', 'pact.pact_id', 'pact.buyer_did'])
    .select('lock.escrow_id')
    .where('agent.heartbeat_at', '<', now - SILENCE)
    .where('escrow.state', '=', 'Funded')
    .where('escrow.timer_end', '>', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('outage')
            .select('outage.did')
            .whereRef('outage.escrow_id', '=', 'escrow.escrow_id')
            .whereRef('outage.heartbeat_at', '=', 'agent.heartbeat_at'),
        ),
      ),
    )
    .orderBy('agent.did')
    // A heartbeat that comes now waits, or has come and ends the silence: never both.
    .forUpdate('agent')
    .limit(100)
    .execute()
  const entries: Entry[] = []
  for (const { did, heartbeat_at, pact_id: pactId, buyer_did, escrow_id: escrowId } of rows) {
    if (heartbeat_at === null) continue
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('outage')
      .values({ escrow_id: escrowId, did, heartbeat_at, noticed_at: now, recovered_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) continue
    entries.push({
      action: 'seller_unreachable',
      subject: did,
      at: now,
      key: `seller_unreachable/${escrowId}/${heartbeat_at}`,
      data: {
        availability: 'unreachable',
        lastHeartbeatAt: heartbeat_at,
        message: 'seller agent appears unreachable',
      },
      tell: { type: 'seller_unreachable', agents: [did, buyer_did], pactId, escrowId },
    })
  }
  const silent = [...new Set(entries.map(({ subject }) => subject))]
  if (silent.length > 0) {
    await tx.updateTable('agent').set({ silent: true }).where('did', 'in', silent).execute()
  }
  return entries
}

/** Closes the outages of an agent that is heard again, and tells the buyers that still wait. */
export async function closeOutages(
  tx: Tx,
  { did, now }: { did: string; now: number },
): Promise<Entry[]> {
  const closed = await tx
    .updateTable('outage')
    .set({ recovered_at: now })
    .where('did', '=', did)
    .where('recovered_at', 'is', null)
    .returning(['escrow_id', 'heartbeat_at'])
    .execute()
  if (closed.length === 0) return []
  const silentSince = new Map(closed.map((row) => [row.escrow_id, row.heartbeat_at]))
  const waiting = await tx
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .innerJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
    .select(['lock.escrow_id', 'pact.pact_id', 'pact.buyer_did'])
    .where('lock.escrow_id', 'in', [...silentSince.keys()])
    .where('escrow.state', '=', 'Funded')
    .orderBy('lock.escrow_id')
    .execute()
  return waiting.map(({ escrow_id: escrowId, pact_id: pactId, buyer_did }) => {
    const since = silentSince.get(escrowId)
    return {
      action: 'seller_recovered',
      subject: did,
      at: now,
      key: `seller_recovered/${escrowId}/${since}`,
      data: { heartbeatAt: now, silentSince: since },
      tell: { type: 'seller_recovered', agents: [did, buyer_did], pactId, escrowId },
    }
  })
}

/**
 * What the outages of a trade were, once it has ended. Grace grades the penalty and moves no deadline
 * (W-4b): it runs from the last heartbeat, or from the funding where that came later, and never past
 * `deliverBy`. A delivery and a refund are signs of life like a heartbeat.
 */
export function gradeOutages(
  outages: readonly Pick<Row<'outage'>, 'heartbeat_at' | 'recovered_at'>[],
  trade: {
    how: string
    fundedAt: number
    deliverBy: number
    deliveredAt: number | null
    endedAt: number
  },
): OutageGrade | undefined {
  const { how, fundedAt, deliverBy, deliveredAt, endedAt } = trade
  const acted = deliveredAt ?? (how === 'refunded' ? endedAt : Number.POSITIVE_INFINITY)
  // Money that the buyer gave away, or both settled, before anything was due proves no outage.
  if (acted === Number.POSITIVE_INFINITY && how !== 'expired') return undefined
  const grades = outages.map(({ heartbeat_at, recovered_at }) => {
    const back = Math.min(acted, recovered_at ?? Number.POSITIVE_INFINITY)
    const grace = Math.min(Math.max(heartbeat_at, fundedAt) + GRACE, deliverBy)
    return back < grace ? 'mended' : 'lasting'
  })
  if (grades.includes('lasting')) return 'lasting'
  // Mended and yet not delivered: the missed deadline, or the refund, says all there is to say.
  return grades.length > 0 && deliveredAt !== null ? 'mended' : undefined
}
