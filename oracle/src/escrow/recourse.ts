import { bondVaultAbi } from '@earnest/contracts'
import { formatUsdc, fromBytes32 } from '@earnest/sdk/protocol'
import { type Address, type Hex, type Log, parseEventLogs } from 'viem'
import type { Entry } from '../store/journal.ts'
import { pack, unpack } from '../store/json.ts'
import { enqueue } from '../store/queue.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow, Row } from '../store/tables.ts'
import { type Link, linkOf, readEscrow, tellOf } from './fold.ts'
import type { EscrowState, Place } from './state.ts'
import { resubmit } from './submit.ts'
import { nextReminder, recourseWindow } from './window.ts'

/** What the buyer of a release at once still has: a claim against the bond that was reserved for it. */
export type Recourse = {
  id: Hex
  vault: Address
  /** The vault's own arbiter, who rules whatever arbiter the terms name. */
  arbiter: Address
  state: 'reserved' | 'claimed' | 'freed' | 'slashed'
  /** Unix seconds: until then the buyer may claim (`reserved`) or the arbiter rule (`claimed`). */
  end: number
  /** Base units, as all amounts here. */
  stake: bigint
  claimHash: Hex | null
  claimedAt: number | null
  ending: {
    how: 'unclaimed' | 'dropped' | 'concluded' | 'ruled'
    sellerBps: number
    /** Taken from the bond. */
    slashed: bigint
    compensation: bigint
    arbitrationFee: bigint
    recordHash: Hex | null
    at: number
    place: Place
  } | null
  last: Place
}

/** A log of the vault about one escrow. */
export type VaultLog = { row: NewRow<'recourse_log'>; said: ReturnType<typeof decode>[number] }

/** Decodes a log of the vault; undefined for one that is about a bond and no escrow. */
export function decodeVaultLog(row: NewRow<'recourse_log'>): VaultLog | undefined {
  const [said] = decode(JSON.parse(row.raw) as { topics: [Hex, ...Hex[]]; data: Hex })
  return said && { row: { ...row, escrow_id: said.args.id }, said }
}

const OF_ONE = ['Claimed', 'Dropped', 'Freed', 'ClaimRuled', 'ClaimConcluded'] as const

function decode(raw: { topics: [Hex, ...Hex[]]; data: Hex }) {
  return parseEventLogs({
    abi: bondVaultAbi,
    logs: [raw as unknown as Log],
    eventName: [...OF_ONE],
  })
}

/** Folds what the vault said of a release against it; the same logs always give the same recourse. */
export function foldRecourse(
  released: EscrowState,
  arbiter: Address,
  logs: readonly VaultLog[],
): Recourse {
  const recourse: Recourse = {
    id: released.id,
    vault: released.terms.vault,
    arbiter,
    state: 'reserved',
    end: released.timerEnd,
    stake: 0n,
    claimHash: null,
    claimedAt: null,
    ending: null,
    last: released.ending?.place ?? released.last,
  }
  for (const { row, said } of logs) {
    const place = placeOf(row)
    const at = row.timestamp
    const nothing = { slashed: 0n, compensation: 0n, arbitrationFee: 0n, recordHash: null }
    const stands = { sellerBps: 10_000, ...nothing, at, place }
    recourse.last = place
    switch (said.eventName) {
      case 'Claimed':
        recourse.state = 'claimed'
        recourse.end = Number(said.args.end)
        recourse.stake = said.args.stake
        recourse.claimHash = said.args.claimHash
        recourse.claimedAt = at
        break
      case 'Dropped':
        recourse.ending = { how: 'dropped', ...stands }
        break
      case 'ClaimConcluded':
        recourse.ending = { how: 'concluded', ...stands }
        break
      case 'Freed':
        recourse.state = 'freed'
        recourse.ending ??= { how: 'unclaimed', ...stands }
        break
      case 'ClaimRuled': {
        const { sellerBps, slashed, compensation, arbitrationFee, recordHash } = said.args
        const moved = { slashed, compensation, arbitrationFee, recordHash, at, place }
        recourse.state = slashed > 0n ? 'slashed' : 'freed'
        recourse.ending = { how: 'ruled', sellerBps: Number(sellerBps), ...moved }
        break
      }
    }
  }
  return recourse
}

/** The recourse of an escrow; undefined where none was released against the vault. */
export async function readRecourse(db: Db | Tx, escrowId: string): Promise<Recourse | undefined> {
  const row = await db
    .selectFrom('recourse')
    .select('body')
    .where('escrow_id', '=', escrowId)
    .executeTakeFirst()
  return row && unpack<Recourse>(row.body)
}

/** True while the bond is still held: what is sent to the vault or its arbiter is not over with the escrow. */
export async function isRecourseOpen(db: Db | Tx, escrowId: string): Promise<boolean> {
  const recourse = await readRecourse(db, escrowId)
  return recourse !== undefined && recourse.ending === null
}

/** What `storeRecourses` read of the chain, in one view of it. */
export type VaultView = {
  vault: Address
  arbiter: Address
  /** First block that was read; what is kept from there on is replaced. */
  from: number
  logs: readonly VaultLog[]
  /** Escrows that were released in the range. */
  released: readonly string[]
}

/**
 * Replaces what the vault said from a block on and folds every reservation that it touches; a reorg is
 * no more than a range that reads otherwise than before. What is new is told and set to work.
 */
export async function storeRecourses(
  tx: Tx,
  { vault, arbiter, from, logs, released }: VaultView,
): Promise<Entry[]> {
  const before = await tx
    .deleteFrom('recourse_log')
    .where('block_number', '>=', from)
    .returning(['escrow_id', 'block_hash', 'log_index'])
    .execute()
  if (logs.length > 0) {
    await tx
      .insertInto('recourse_log')
      .values(logs.map(({ row }) => row))
      .execute()
  }
  const kept = await tx
    .selectFrom('recourse')
    .select('escrow_id')
    .where('updated_block', '>=', from)
    .execute()
  const nameOf = (row: { block_hash: string; log_index: number }) =>
    `${row.block_hash}/${row.log_index}`
  const still = new Set(logs.map(({ row }) => nameOf(row)))
  const gone = before.filter((row) => !still.has(nameOf(row))).map(({ escrow_id }) => escrow_id)
  // A transaction that a reorg took is sent again, as those of the escrow are.
  if (gone.length > 0) await resubmit(tx, [...new Set(gone)])

  const known = new Set(before.map(nameOf))
  const entries: Entry[] = []
  const touched = [...before, ...kept, ...logs.map(({ row }) => row)].map((row) => row.escrow_id)
  for (const id of new Set([...touched, ...released])) {
    const state = await readEscrow(tx, id)
    const isReserved =
      state?.state === 'Completed' && state.bonded && same(state.terms.vault, vault)
    if (!isReserved) {
      await tx.deleteFrom('recourse').where('escrow_id', '=', id).execute()
      continue
    }
    const rows = await tx
      .selectFrom('recourse_log')
      .selectAll()
      .where('escrow_id', '=', id)
      .orderBy('block_number')
      .orderBy('log_index')
      .execute()
    const recourse = foldRecourse(
      state,
      arbiter,
      rows.flatMap((row) => decodeVaultLog(row) ?? []),
    )
    await writeRecourse(tx, state, recourse)
    const link = await linkOf(tx, id)
    for (const log of logs) {
      if (log.row.escrow_id !== id || known.has(nameOf(log.row))) continue
      const entry = entryOf(log, recourse, link)
      if (entry) entries.push(entry)
      // Only what a registered pact stands behind costs this oracle work.
      if (link && log.said.eventName === 'Claimed') await begin(tx, state, log)
    }
  }
  return entries
}

async function writeRecourse(tx: Tx, state: EscrowState, recourse: Recourse): Promise<void> {
  const before = await tx
    .selectFrom('recourse')
    .select('body')
    .where('escrow_id', '=', recourse.id)
    .executeTakeFirst()
  const body = pack(recourse)
  if (before?.body === body) return
  const row: NewRow<'recourse'> = {
    escrow_id: recourse.id,
    state: recourse.state,
    due_at: recourse.ending ? null : recourse.end,
    remind_at: nextReminder(recourseWindow(state, recourse), 0),
    awaits: recourse.ending !== null,
    updated_block: recourse.last.block,
    body,
  }
  await tx
    .insertInto('recourse')
    .values(row)
    .onConflict((conflict) => conflict.column('escrow_id').doUpdateSet(row))
    .execute()
}

/** The evidence is put together at once, and the jury waits for its time. */
async function begin(tx: Tx, { id, round }: EscrowState, { row }: VaultLog): Promise<void> {
  const key = `${id}/${round}/${row.block_hash}/${row.log_index}`
  for (const queue of ['dispute', 'jury']) {
    await enqueue(tx, { queue, key, payload: { escrowId: id, round } })
  }
}

function entryOf({ row, said }: VaultLog, recourse: Recourse, link: Link | undefined) {
  const { eventName } = said
  // A claim that ended otherwise says so itself, right before its bond is free.
  if (eventName === 'Freed' && recourse.claimedAt !== null) return undefined
  const type = (
    {
      Claimed: 'claimed',
      Dropped: 'claim_dropped',
      ClaimRuled: 'claim_ruled',
      ClaimConcluded: 'claim_concluded',
      Freed: 'bond_freed',
    } as const
  )[eventName]
  return {
    action: `vault.${eventName}`,
    subject: row.escrow_id,
    key: `recourse/${row.block_hash}/${row.log_index}`,
    at: row.timestamp,
    data: { escrowId: row.escrow_id, ...factsOf(said), txHash: row.tx_hash },
    ...(link && { tell: tellOf(type, row.escrow_id, link) }),
  } satisfies Entry
}

function factsOf({ eventName, args }: VaultLog['said']): Record<string, unknown> {
  switch (eventName) {
    case 'Claimed':
      return {
        claimHash: fromBytes32(args.claimHash),
        stakeUsdc: formatUsdc(args.stake),
        end: Number(args.end),
      }
    case 'ClaimRuled':
      return {
        sellerBps: Number(args.sellerBps),
        slashedUsdc: formatUsdc(args.slashed),
        compensationUsdc: formatUsdc(args.compensation),
        arbitrationFeeUsdc: formatUsdc(args.arbitrationFee),
        recordHash: fromBytes32(args.recordHash),
      }
    case 'Dropped':
    case 'ClaimConcluded':
      return { stakeUsdc: formatUsdc(args.stake) }
    case 'Freed':
      return { freedUsdc: formatUsdc(args.amount) }
  }
}

function placeOf(row: NewRow<'recourse_log'> | Row<'recourse_log'>): Place {
  return {
    block: row.block_number,
    blockHash: row.block_hash as Hex,
    logIndex: row.log_index,
    txHash: row.tx_hash as Hex,
  }
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
