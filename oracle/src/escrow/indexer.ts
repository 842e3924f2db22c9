import { EarnestError, type Identity } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { append, type Entry } from '../store/journal.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import { holdRegistry } from '../store/registry.ts'
import { statement } from '../store/statement.ts'
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
      const latest = blockOf(await chain.client.getBlock({ blockTag: 'latest' }))
      const known = await newestBlock()
      if (known?.hash === latest.hash) return { head: headOf(known), more: false, changed: [] }
      const { base, read } = await readOn(known, latest)
      const reorged = known !== undefined && known.number !== base?.number
      const to = read.blocks.at(-1)?.number ?? latest.number

      const changed = await db.transaction().execute(async (tx) => {
        await holdRegistry(tx)
        await holdLease(tx, lease)
        const entries: Entry[] = []
        const touched = new Set<string>()
        if (reorged) {
          const ancestorNumber = base?.number ?? chain.startBlock - 1
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
      const head = headOf(read.blocks.at(-1) ?? base ?? latest)
      return { head, more: to < latest.number, changed }
    },
  }

  async function newestBlock(): Promise<Row<'block'> | undefined> {
    return (await newest(db, {}))[0]
  }

  /**
   * What stands on the newest stored block that the chain still has. That block is looked at once more after
   * the logs were read: a branch that left the chain below it meanwhile would stay in the store for ever.
   */
  async function readOn(known: Row<'block'> | undefined, latest: Row<'block'>) {
    if (known !== undefined && known.number < latest.number) {
      const read = await readAfter(known, latest)
      if (await isOnChain(known)) return { base: known, read }
    }
    const base = await findAncestor(known, latest.number)
    const read = await readAfter(base, latest)
    if (base !== undefined && !(await isOnChain(base))) throw moved()
    return { base, read }
  }

  async function isOnChain({ number, hash }: Row<'block'>): Promise<boolean> {
    return (await chain.client.getBlock({ blockNumber: BigInt(number) })).hash === hash
  }

  /** The newest stored block that the chain still has. */
  async function findAncestor(
    known: Row<'block'> | undefined,
    latest: number,
  ): Promise<Row<'block'> | undefined> {
    let candidate = known
    while (candidate) {
      if (candidate.number <= latest && (await isOnChain(candidate))) return candidate
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

  /**
   * Logs and their blocks. The last block is read before them: should the chain change in between, that block
   * is found missing at the next step, and what was read here is read anew.
   */
  async function readAfter(base: Row<'block'> | undefined, latest: Row<'block'>) {
    const from = base ? base.number + 1 : chain.startBlock
    if (from > latest.number) return { logs: [], blocks: [] }
    const to = Math.min(latest.number, from + STEP - 1)
    const last =
      to === latest.number
        ? latest
        : blockOf(await chain.client.getBlock({ blockNumber: BigInt(to) }))
    const found = await chain.client.getLogs({
      address: chain.escrow,
      fromBlock: BigInt(from),
      toBlock: BigInt(to),
    })
    const blocks = new Map([[to, last]])
    for (const { blockNumber, blockHash, blockTimestamp } of found) {
      const number = Number(blockNumber)
      if (blocks.has(number)) continue
      const isTold = typeof blockTimestamp === 'bigint'
      const block = isTold
        ? { number, hash: blockHash, timestamp: Number(blockTimestamp) }
        : blockOf(await chain.client.getBlock({ blockNumber }))
      blocks.set(number, block)
    }
    const logs = found.flatMap((log) => {
      const block = blocks.get(Number(log.blockNumber))
      if (block?.hash !== log.blockHash || log.removed) throw moved()
      return rowsOf(log, block)
    })
    return { logs, blocks: [...blocks.values()].sort((a, b) => a.number - b.number) }
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
      const oldest = (blocks.at(-1)?.number ?? 0) - REMEMBERED_BLOCKS
      await tx
        .with('forgotten', (db) => db.deleteFrom('block').where('number', '<', oldest))
        .insertInto('block')
        .values(blocks)
        .onConflict((conflict) => conflict.column('number').doNothing())
        .execute()
    }
    if (logs.length > 0) {
      await tx
        .insertInto('log')
        .values(logs.map((log) => log.row))
        .execute()
    }
  }
}

const newest = statement((db) =>
  db.selectFrom('block').selectAll().orderBy('number', 'desc').limit(1),
)

function blockOf(block: { number: bigint; hash: Hex; timestamp: bigint }): Row<'block'> {
  return {
    number: Number(block.number),
    hash: block.hash,
    timestamp: Number(block.timestamp),
  }
}

function headOf({ number, hash, timestamp }: Row<'block'>): Head {
  return { number, hash: hash as Hex, timestamp }
}

function moved(): EarnestError {
  return new EarnestError('chain_moved', 'the chain changed while it was read', {
    retryable: true,
  })
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
