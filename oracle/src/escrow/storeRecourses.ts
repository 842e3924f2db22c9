import { formatUsdc, fromBytes32 } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import type { Entry } from '../store/journal.ts'
import { pack } from '../store/json.ts'
import { enqueue } from '../store/queue.ts'
import type { Tx } from '../store/store.ts'
import type { NewRow } from '../store/tables.ts'
import { type Link, linkOf, readEscrow, tellOf } from './fold.ts'
import { decodeVaultLog, foldRecourse, type Recourse, type VaultLog } from './recourse.ts'
import type { EscrowState } from './state.ts'
import { resubmit } from './submit.ts'
import { nextReminder, recourseWindow } from './window.ts'

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

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
