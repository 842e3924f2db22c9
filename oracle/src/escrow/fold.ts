import { type EventType, isTerminal } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Hex } from 'viem'
import type { Entry } from '../store/journal.ts'
import { pack, unpack } from '../store/json.ts'
import { enqueue } from '../store/queue.ts'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow, Row } from '../store/tables.ts'
import { decodeLog, type EscrowLog, type RawLog } from './log.ts'
import { type Effect, reduceEscrow } from './reduce.ts'
import type { EscrowState } from './state.ts'
import { nextReminder, windowOf } from './window.ts'

/** Removes everything above `ancestor`. */
export async function unwind(tx: Tx, ancestor: number): Promise<Row<'log'>[]> {
  await tx.deleteFrom('block').where('number', '>', ancestor).execute()
  return tx.deleteFrom('log').where('block_number', '>', ancestor).returningAll().execute()
}

/**
 * Forgets what was read from `block` on, so that the next steps read it again. Rebuilding is not
 * news: nothing is announced and nothing reverted.
 */
export async function rewind(db: Db, block: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const ancestor = await tx
      .selectFrom('block')
      .select('number')
      .where('number', '<', block)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    const removed = await unwind(tx, ancestor?.number ?? -1)
    await fold(tx, [...new Set(removed.map((row) => row.escrow_id))], [], [])
  })
}

/** Folds each touched escrow from all its logs; effects only of those that are new. */
export async function fold(
  tx: Tx,
  ids: string[],
  fresh: { row: NewRow<'log'>; log: EscrowLog }[],
  entries: Entry[],
): Promise<void> {
  if (ids.length === 0) return
  const isNew = new Set(fresh.map(({ row }) => `${row.block_hash}/${row.log_index}`))
  const all = await readLogs(tx, { ids })
  const rowsOf = Map.groupBy(all, (row) => row.escrow_id)
  const links = fresh.length > 0 ? await linksOf(tx, ids) : new Map<string, Link>()
  const states: EscrowState[] = []
  for (const id of ids) {
    const rows = rowsOf.get(id) ?? []
    const link = links.get(id)
    let state: EscrowState | undefined
    let isDelivered = false
    for (const row of rows) {
      const log = logOf(row)
      if (!log) continue
      const step = reduceEscrow(state, log)
      state = step.state
      if (!isNew.has(`${row.block_hash}/${row.log_index}`)) continue
      for (const effect of step.effects) {
        isDelivered ||= effect.kind === 'delivered'
        await enact(tx, { id, state, effect, link }, entries)
      }
    }
    // What came with its attestation, as `complete` brings it, has nothing to wait for.
    if (isDelivered && link && state?.state === 'Delivered' && state.result === null) {
      await begin(tx, 'attest', state)
    }
    if (state) states.push(state)
    else await tx.deleteFrom('escrow').where('escrow_id', '=', id).execute()
  }
  if (states.length > 0) await writeEscrows(tx, { rows: JSON.stringify(states.map(rowOf)) })
}

const readLogs = statement((db, { ids }: { ids: readonly string[] }) =>
  db
    .selectFrom('log')
    .selectAll()
    .where(sql<boolean>`escrow_id = any(${ids}::text[])`)
    .orderBy('block_number')
    .orderBy('log_index'),
)

async function enact(
  tx: Tx,
  {
    id,
    state,
    effect,
    link,
  }: { id: string; state: EscrowState; effect: Effect; link: Link | undefined },
  entries: Entry[],
): Promise<void> {
  if (effect.kind === 'changed') {
    const { log } = effect
    const type = eventTypes[log.name]
    entries.push({
      action: `log.${log.name}`,
      subject: id,
      ...(link && type && { tell: tellOf(type, id, link) }),
      key: `log/${log.place.blockHash}/${log.place.logIndex}/${id}`,
      at: log.timestamp,
      data: {
        escrowId: id,
        state: state.state,
        seq: state.seq,
        round: state.round,
        timerEnd: state.timerEnd,
        // Paid at once: until `timerEnd` the buyer may claim against the bond.
        ...(state.bonded && { bonded: true }),
        block: log.place.block,
        blockHash: log.place.blockHash,
        txHash: log.place.txHash,
      },
    })
  }
  // Only what a registered pact stands behind costs this oracle work or gas.
  if (!link) return
  if (effect.kind === 'changed' && effect.log.name === 'Escalated') await begin(tx, 'jury', state)
  if (effect.kind === 'disputed') await begin(tx, 'dispute', state)
}

async function begin(
  tx: Tx,
  queue: 'attest' | 'jury' | 'dispute',
  { id, round, last }: EscrowState,
): Promise<void> {
  const key = `${id}/${round}/${last.blockHash}/${last.logIndex}`
  await enqueue(tx, { queue, key, payload: { escrowId: id, round } })
}

/**
 * Begins the work that the chain asked for before anybody registered the pact: its logs were read
 * when they were nobody's. Each piece of work finds out itself whether it is done.
 */
export async function catchUp(tx: Tx, bodies: readonly string[]): Promise<void> {
  for (const state of bodies.map((body) => unpack<EscrowState>(body))) {
    if (isTerminal(state.state)) continue
    if (state.state === 'Delivered') await begin(tx, 'attest', state)
    if (['Disputed', 'Negotiating', 'Arbitration'].includes(state.state)) {
      await begin(tx, 'dispute', state)
    }
    if (state.state === 'Arbitration') await begin(tx, 'jury', state)
  }
}

/** The registered pact that derives an escrow id. */
export type Link = { pactId: string; milestone: number; buyer: string; seller: string }

/** The pact behind an escrow; undefined where nobody registered one. */
export async function linkOf(tx: Tx | Db, escrowId: string): Promise<Link | undefined> {
  return (await linksOf(tx, [escrowId])).get(escrowId)
}

/** The pacts behind escrows, by escrow. */
export async function linksOf(
  tx: Tx | Db,
  escrowIds: readonly string[],
): Promise<Map<string, Link>> {
  const rows = await readLinks(tx, { escrowIds })
  return new Map(
    rows.map((row) => [
      row.escrow_id,
      {
        pactId: row.pact_id,
        milestone: row.milestone,
        buyer: row.buyer_did,
        seller: row.seller_did,
      },
    ]),
  )
}

const readLinks = statement((db, { escrowIds }: { escrowIds: readonly string[] }) =>
  db
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .select([
      'lock.escrow_id',
      'pact.pact_id',
      'lock.milestone',
      'pact.buyer_did',
      'pact.seller_did',
    ])
    .where(sql<boolean>`lock.escrow_id = any(${escrowIds}::text[])`),
)

/** Whom an event about an escrow concerns. */
export function tellOf(type: EventType, escrowId: string, link: Link) {
  return { type, agents: [link.buyer, link.seller], pactId: link.pactId, escrowId }
}

/** The folded state of an escrow; undefined for one that was never funded. */
export async function readEscrow(tx: Tx | Db, escrowId: string): Promise<EscrowState | undefined> {
  const [row] = await bodyOf(tx, { escrowId })
  return row && unpack<EscrowState>(row.body)
}

const bodyOf = statement((db, { escrowId }: { escrowId: string }) =>
  db.selectFrom('escrow').select('body').where('escrow_id', '=', escrowId),
)

/** Everything that the chain said of an escrow, in its order. */
export async function logsOf(db: Tx | Db, escrowId: string): Promise<EscrowLog[]> {
  const rows = await db
    .selectFrom('log')
    .selectAll()
    .where('escrow_id', '=', escrowId)
    .orderBy('block_number')
    .orderBy('log_index')
    .execute()
  return rows.flatMap((row) => logOf(row) ?? [])
}

/** Everything that the chain said of any escrow above one block and up to another, in its order. */
export async function logsBetween(
  db: Db,
  { after, upTo }: { after: number; upTo: number },
): Promise<EscrowLog[]> {
  const rows = await db
    .selectFrom('log')
    .selectAll()
    .where('block_number', '>', after)
    .where('block_number', '<=', upTo)
    .orderBy('block_number')
    .orderBy('log_index')
    .execute()
  return rows.flatMap((row) => logOf(row) ?? [])
}

/** The deliveries of an escrow that stand on chain, the first round first. */
export async function deliveriesOf(
  db: Tx | Db,
  escrowId: string,
): Promise<{ round: number; artifactHash: Hex; at: number }[]> {
  return (await logsOf(db, escrowId)).flatMap((log) =>
    log.name === 'Delivered'
      ? [{ round: log.round, artifactHash: log.artifactHash, at: log.timestamp }]
      : [],
  )
}

function rowOf(state: EscrowState): NewRow<'escrow'> {
  return {
    escrow_id: state.id,
    state: state.state,
    buyer: state.terms.buyer,
    seller: state.terms.seller,
    arbiter: state.terms.arbiter,
    amount: state.terms.amount.toString(),
    timer_end: isTerminal(state.state) ? 0 : state.timerEnd,
    funded_at: state.fundedAt,
    funded_block: state.funding.block,
    updated_block: state.last.block,
    awaits: true,
    remind_at: nextReminder(windowOf(state), 0),
    body: pack(state),
  }
}

/** All that one look changed, however many. */
const writeEscrows = statement(
  (_, { rows }: { rows: string }) => sql`
    insert into escrow select * from json_populate_recordset(null::escrow, ${rows})
    on conflict (escrow_id) do update set
      state = excluded.state, buyer = excluded.buyer, seller = excluded.seller,
      arbiter = excluded.arbiter, amount = excluded.amount, timer_end = excluded.timer_end,
      funded_at = excluded.funded_at, funded_block = excluded.funded_block,
      updated_block = excluded.updated_block, awaits = excluded.awaits,
      remind_at = excluded.remind_at, body = excluded.body`,
)

function logOf(row: Row<'log'>): EscrowLog | undefined {
  return decodeLog(
    JSON.parse(row.raw) as RawLog,
    {
      block: row.block_number,
      blockHash: row.block_hash as Hex,
      logIndex: row.log_index,
      txHash: row.tx_hash as Hex,
    },
    row.timestamp,
  )
}

/** What listeners are told of each log; a stake that moves is in the audit log only. */
const eventTypes: Record<EscrowLog['name'], EventType | undefined> = {
  Funded: 'funding_seen',
  Delivered: 'delivered',
  Attested: 'attested',
  Disputed: 'disputed',
  Defended: 'defended',
  Escalated: 'escalated',
  Proposed: 'proposed',
  Released: 'released',
  Refunded: 'refunded',
  Expired: 'expired',
  Settled: 'settled',
  Ruled: 'ruled',
  Concluded: 'concluded',
  Amended: 'amended',
  StakePaid: undefined,
}
