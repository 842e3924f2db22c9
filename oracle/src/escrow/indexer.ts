import { EarnestError, type Identity } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { append, type Entry } from '../store/journal.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import { holdRegistry } from '../store/registry.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow, Row } from '../store/tables.ts'
import type { Chain } from './chain.ts'
import { fold, linkOf, tellOf, unwind } from './fold.ts'
import { decodeLog, type EscrowLog, type RawLog } from './log.ts'
import { resubmit } from './submit.ts'

/** Blocks whose hashes are kept to find where a reorg began; no rollup reorganises deeper. */
const REMEMBERED_BLOCKS = 2_000
/** Blocks asked for in one call; public nodes refuse more. */
const STEP = 2_000

/** The newest block that the index has seen. */
export type Head = { number: number; hash: Hex; timestamp: number }

export type Indexer = {
  /** One step towards the head of the chain; true while there is more to read. */
  step(lease: Lease): Promise<{ head: Head; more: boolean; changed: Hex[] }>
}

/**
 * Copies the escrow's logs into the store and folds them. A reorg is an event like any other: the
 * logs above the common ancestor go, the escrows they touched are folded again.
 */
export function createIndexer({
  db,
  signer,
  chain,
}: {
  db: Db
  signer: Identity
  chain: Chain
}): Indexer {
  return {
    async step(lease) {
      const latest = await chain.client.getBlock({ blockTag: 'latest' })
      const known = await db
        .selectFrom('block')
        .selectAll()
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst()
      const ancestor = await findAncestor(known, Number(latest.number))
      const reorged = known !== undefined && known.number !== ancestor?.number
      const from = ancestor ? ancestor.number + 1 : chain.startBlock
      const to = Math.min(Number(latest.number), from + STEP - 1)
      const read = to >= from ? await readRange(from, to) : { logs: [], blocks: [] }

      const changed = await db.transaction().execute(async (tx) => {
        await holdRegistry(tx)
        await holdLease(tx, lease)
        const entries: Entry[] = []
        const touched = new Set<string>()
        if (reorged) {
          const ancestorNumber = ancestor?.number ?? chain.startBlock - 1
          const removed = await unwind(tx, ancestorNumber)
          for (const row of removed) touched.add(row.escrow_id)
          entries.push(...(await tellReorg(tx, ancestorNumber, removed)))
        }
        await store(tx, read)
        for (const log of read.logs) touched.add(log.row.escrow_id)
        await fold(tx, [...touched], read.logs, entries)
        await append(tx, signer, entries)
        return [...touched] as Hex[]
      })
      const newest = read.blocks.at(-1) ?? ancestor
      const head = newest
        ? { number: newest.number, hash: newest.hash as Hex, timestamp: newest.timestamp }
        : {
            number: Number(latest.number),
            hash: latest.hash,
            timestamp: Number(latest.timestamp),
          }
      return { head, more: to < Number(latest.number), changed }
    },
  }

  /** The newest stored block that the chain still has. */
  async function findAncestor(
    known: Row<'block'> | undefined,
    latest: number,
  ): Promise<Row<'block'> | undefined> {
    let candidate = known
    while (candidate) {
      if (candidate.number <= latest) {
        const block = await chain.client.getBlock({ blockNumber: BigInt(candidate.number) })
        if (block.hash === candidate.hash) return candidate
      }
      candidate = await db
        .selectFrom('block')
        .selectAll()
        .where('number', '<', candidate.number)
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst()
    }
    return undefined
  }

  /** Logs and their blocks, all of one view of the chain. */
  async function readRange(from: number, to: number) {
    const found = await chain.client.getLogs({
      address: chain.escrow,
      fromBlock: BigInt(from),
      toBlock: BigInt(to),
    })
    const numbers = new Set([...found.map((log) => Number(log.blockNumber)), to])
    const blocks: Row<'block'>[] = []
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const block = await chain.client.getBlock({ blockNumber: BigInt(number) })
      blocks.push({
        number,
        hash: block.hash,
        parent: block.parentHash,
        timestamp: Number(block.timestamp),
      })
    }
    const byNumber = new Map(blocks.map((block) => [block.number, block]))
    const logs = found.flatMap((log) => {
      const block = byNumber.get(Number(log.blockNumber))
      if (block?.hash !== log.blockHash || log.removed) {
        throw new EarnestError('chain_moved', 'the chain changed while it was read', {
          retryable: true,
        })
      }
      return rowsOf(log, block)
    })
    return { logs, blocks }
  }

  /** Says what a reorg took away; an announced funding that stands nowhere is taken back. */
  async function tellReorg(tx: Tx, ancestor: number, removed: Row<'log'>[]): Promise<Entry[]> {
    const ids = [...new Set(removed.map((row) => row.escrow_id))].sort()
    const tip = await tx
      .selectFrom('block')
      .select('timestamp')
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    const at = tip?.timestamp ?? 0
    const entries: Entry[] = [
      {
        action: 'reorged',
        subject: String(ancestor),
        at,
        data: { ancestor, escrowIds: ids },
      },
    ]
    if (ids.length === 0) return entries
    await resubmit(tx, ids)
    const announced = await tx
      .selectFrom('announcement')
      .selectAll()
      .where('escrow_id', 'in', ids)
      .where('reverted', '=', false)
      .execute()
    for (const row of announced) {
      const gone = removed.some(
        (log) => log.escrow_id === row.escrow_id && log.block_hash === row.block_hash,
      )
      if (!gone) continue
      const link = await linkOf(tx, row.escrow_id)
      await tx
        .updateTable('announcement')
        .set({ reverted: true })
        .where('escrow_id', '=', row.escrow_id)
        .execute()
      entries.push({
        action: 'funding_reverted',
        subject: row.escrow_id,
        ...(link && { tell: tellOf('funding_reverted', row.escrow_id, link) }),
        key: `funding_reverted/${row.escrow_id}/${row.times}`,
        at,
        data: { escrowId: row.escrow_id, blockHash: row.block_hash },
      })
    }
    return entries
  }

  async function store(
    tx: Tx,
    { logs, blocks }: { logs: { row: NewRow<'log'> }[]; blocks: Row<'block'>[] },
  ): Promise<void> {
    if (blocks.length > 0) {
      await tx
        .insertInto('block')
        .values(blocks)
        .onConflict((conflict) => conflict.column('number').doNothing())
        .execute()
      const oldest = (blocks.at(-1)?.number ?? 0) - REMEMBERED_BLOCKS
      await tx.deleteFrom('block').where('number', '<', oldest).execute()
    }
    if (logs.length > 0) {
      await tx
        .insertInto('log')
        .values(logs.map((log) => log.row))
        .execute()
    }
  }
}

/** `Amended` is a log of two escrows: the end of one and the funding of the other. */
function rowsOf(
  log: {
    topics: readonly Hex[]
    data: Hex
    logIndex: number
    transactionHash: Hex
    blockHash: Hex
  },
  block: Row<'block'>,
): { row: NewRow<'log'>; log: EscrowLog }[] {
  const raw: RawLog = { topics: log.topics, data: log.data }
  const row = {
    block_number: block.number,
    log_index: log.logIndex,
    block_hash: block.hash,
    tx_hash: log.transactionHash,
    timestamp: block.timestamp,
    raw: JSON.stringify(raw),
  }
  const decoded = decodeLog(
    raw,
    {
      block: block.number,
      blockHash: log.blockHash,
      logIndex: log.logIndex,
      txHash: log.transactionHash,
    },
    block.timestamp,
  )
  if (!decoded) return []
  const ids = decoded.name === 'Amended' ? [decoded.id, decoded.amendedId] : [decoded.id]
  return ids.map((id) => ({ row: { ...row, escrow_id: id }, log: decoded }))
}
