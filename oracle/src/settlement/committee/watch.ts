import { committeeAbi } from '@earnest/contracts'
import {
  type Docket,
  decodeDocketLog,
  type EventType,
  SEATS,
  seatsOf,
  struckOf,
} from '@earnest/sdk/protocol'
import { type Address, type Hex, parseEventLogs } from 'viem'
import type { Chain } from '../../escrow/chain.ts'
import { type Link, linkOf, tellOf } from '../../escrow/fold.ts'
import { OVERLAP, type Places } from '../../escrow/place.ts'
import type { Context } from '../../store/context.ts'
import { append, type Entry } from '../../store/journal.ts'
import { holdLease, type Lease } from '../../store/lease.ts'
import type { Tx } from '../../store/store.ts'
import type { NewRow, Row } from '../../store/tables.ts'
import type { Observation } from '../../trust/event.ts'
import type { Court } from './court.ts'
import { foldStored, logOf } from './docket.ts'

const STEP = 2_000

/**
 * Follows the arbiters and their committees: keeps what they said of each escrow, tells parties and
 * drawn members, and teaches the trust model who came when it was called.
 */
export async function watchDockets(
  context: Context & {
    chain: Chain
    courts: readonly Court[]
    lease: Lease
    latest: number
    place: Places['docket']
  },
): Promise<void> {
  const { db, signer, chain, courts, lease, latest, place } = context
  if (courts.length === 0) return
  const last = place.block
  if (last === latest) return
  const from = last === null ? chain.startBlock : Math.max(chain.startBlock, last - OVERLAP)
  const to = Math.min(latest, from + STEP)
  const fresh = await readRange(chain, courts, from, to)
  const isEmpty = fresh.rows.length + fresh.members.length + fresh.pools.length === 0
  if (isEmpty && !place.logs) {
    // The next look begins as far back as it has to while the cursor is this near.
    if (last !== null && to === latest && to - last < OVERLAP / 2) return
  }
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const gone = await tx
      .deleteFrom('docket_log')
      .where('block_number', '>=', from)
      .returning('escrow_id')
      .execute()
    if (fresh.rows.length > 0) await tx.insertInto('docket_log').values(fresh.rows).execute()
    const entries: Entry[] = []
    if (fresh.members.length > 0) {
      await tx
        .insertInto('member')
        .values(fresh.members)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    for (const anchored of fresh.pools) await confirmPool(tx, anchored, entries)
    const touched = new Set([...gone, ...fresh.rows].map(({ escrow_id }) => escrow_id))
    for (const escrowId of touched) {
      const docket = await foldStored(tx, escrowId)
      const link = await linkOf(tx, escrowId)
      if (!link) continue
      for (const row of fresh.rows.filter(({ escrow_id }) => escrow_id === escrowId)) {
        entries.push(...(await entriesOf(tx, { row, docket, link })))
      }
    }
    await tx
      .insertInto('cursor')
      .values({ name: 'docket', block: to })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ block: to }))
      .execute()
    await append(tx, signer, entries)
  })
}

type Anchored = { number: number; root: Hex; committee: Address; at: number; place: string }

async function readRange(chain: Chain, courts: readonly Court[], from: number, to: number) {
  const addresses = courts.flatMap(({ arbiter, committee }) => [arbiter, committee])
  const found = await chain.client.getLogs({
    address: addresses,
    fromBlock: BigInt(from),
    toBlock: BigInt(to),
  })
  const times = new Map<bigint, number>()
  for (const { blockNumber } of found) {
    if (times.has(blockNumber)) continue
    const { timestamp } = await chain.client.getBlock({ blockNumber })
    times.set(blockNumber, Number(timestamp))
  }
  const rows: Row<'docket_log'>[] = []
  for (const log of found) {
    const timestamp = times.get(log.blockNumber) ?? 0
    const decoded = decodeDocketLog(log, timestamp)
    if (!decoded) continue
    rows.push({
      block_number: Number(log.blockNumber),
      log_index: log.logIndex,
      block_hash: log.blockHash,
      tx_hash: log.transactionHash,
      timestamp,
      escrow_id: decoded.id,
      raw: JSON.stringify({ topics: log.topics, data: log.data }),
    })
  }
  const pools = parseEventLogs({ abi: committeeAbi, logs: found, eventName: 'PoolAnchored' }).map(
    ({ args, address, blockNumber, blockHash, logIndex }): Anchored => ({
      number: Number(args.number),
      root: args.root,
      committee: address,
      at: times.get(blockNumber) ?? 0,
      place: `${blockHash}/${logIndex}`,
    }),
  )
  const members = parseEventLogs({ abi: committeeAbi, logs: found, eventName: 'Joined' }).map(
    ({ args, address }) => ({
      committee: address.toLowerCase(),
      wallet: args.member.toLowerCase(),
    }),
  )
  return { rows, pools, members }
}

/** A pool of ours stands on chain under the number that it was signed for. */
async function confirmPool(tx: Tx, anchored: Anchored, entries: Entry[]): Promise<void> {
  const { number, root, committee, at, place } = anchored
  const row = await tx
    .updateTable('pool')
    .set({ anchored_at: at })
    .where('committee', '=', committee.toLowerCase())
    .where('number', '=', number)
    .where('root', '=', root)
    .returning(['capability'])
    .executeTakeFirst()
  if (!row) return
  const data = { number, root, capability: row.capability, committee: committee.toLowerCase() }
  const tell = { type: 'pool_anchored' as const, agents: [] }
  entries.push({ action: 'pool_anchored', subject: root, key: `pool/${place}`, at, data, tell })
}

/** What one log means to those whom it concerns. */
async function entriesOf(
  tx: Tx,
  { row, docket, link }: { row: NewRow<'docket_log'>; docket: Docket; link: Link },
): Promise<Entry[]> {
  const log = logOf(row as Row<'docket_log'>)
  if (!log) return []
  const key = `docket/${row.block_hash}/${row.log_index}`
  const entry = (
    type: EventType | undefined,
    data: Record<string, unknown>,
    more: string[] = [],
  ) => {
    const tell = type && tellOf(type, row.escrow_id, link)
    return {
      action: `docket.${log.eventName}`,
      subject: row.escrow_id,
      key,
      at: row.timestamp,
      data: { ...data, txHash: row.tx_hash },
      ...(tell && { tell: { ...tell, agents: [...new Set([...tell.agents, ...more])] } }),
    }
  }
  switch (log.eventName) {
    case 'Appealed':
      return [entry('appealed', { by: log.args.by, bond: log.args.bond.toString() })]
    case 'PanelOpened':
      return [entry('panel_opened', { panel: Number(log.args.panel) })]
    case 'PanelDrawn': {
      const members = [...log.args.drawn]
      const { at, panel } = { at: row.timestamp, panel: docket.panels[Number(log.args.panel)] }
      const phase = panel?.phase ?? 0
      const data = {
        panel: Number(log.args.panel),
        drawn: members,
        seedBlock: Number(log.args.seedBlock),
        strikeUntil: at + phase,
        commitUntil: at + 2 * phase,
        revealUntil: at + 3 * phase,
      }
      return [entry('panel_drawn', data, [...(await agentsOf(tx, members)).values()])]
    }
    case 'Struck': {
      const { member, by, reason, evidenceHash, panel } = log.args
      const data = { panel: Number(panel), member, by, reason, evidenceHash }
      return [entry('member_struck', data, [...(await agentsOf(tx, [member])).values()])]
    }
    case 'PanelClosed': {
      const number = Number(log.args.panel)
      const { decided, sellerBps, reveals } = log.args
      const data = {
        panel: number,
        decided,
        sellerBps: Number(sellerBps),
        reveals: Number(reveals),
      }
      const panel = docket.panels[number]
      const seats = panel?.draw
        ? seatsOf({ drawn: panel.draw.members, struck: struckOf(panel) }).slice(0, SEATS)
        : []
      const agents = await agentsOf(tx, seats)
      const came = new Set(panel?.reveals.map(({ voter }) => voter.toLowerCase()))
      const lessons = seats.flatMap((member): Entry[] => {
        const agent = agents.get(member.toLowerCase())
        if (!agent) return []
        // A seat that answers in time is an answer in time like any other, and one that does not is not.
        const mark = came.has(member.toLowerCase()) ? 1 : 0
        const at = row.timestamp
        const fact: Observation = { kind: 'observation', agent, at, dimension: 'latency', mark }
        const data = { panel: number, escrowId: row.escrow_id, came: mark === 1 }
        return [
          {
            action: 'seat_served',
            subject: agent,
            key: `seat/${row.escrow_id}/${number}/${agent}`,
            at,
            data,
            fact,
          },
        ]
      })
      return [entry('panel_closed', data, [...agents.values()]), ...lessons]
    }
    default:
      return [entry(undefined, {})]
  }
}

/** Registered agents by their wallets, lower case. */
export async function agentsOf(
  tx: Tx | Context['db'],
  wallets: readonly Address[],
): Promise<Map<string, string>> {
  if (wallets.length === 0) return new Map()
  const rows = await tx
    .selectFrom('agent')
    .select(['did', 'wallet'])
    .where(
      'wallet',
      'in',
      wallets.map((wallet) => wallet.toLowerCase()),
    )
    .execute()
  return new Map(rows.map(({ did, wallet }) => [wallet.toLowerCase(), did]))
}
