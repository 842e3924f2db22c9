import { bondVaultAbi } from '@earnest/contracts'
import { type Address, type Hex, type Log, parseEventLogs } from 'viem'
import { unpack } from '../store/json.ts'
import type { Db, Tx } from '../store/store.ts'
import type { NewRow } from '../store/tables.ts'
import type { EscrowState, Place } from './state.ts'

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

function placeOf(row: NewRow<'recourse_log'>): Place {
  return {
    block: row.block_number,
    blockHash: row.block_hash as Hex,
    logIndex: row.log_index,
    txHash: row.tx_hash as Hex,
  }
}
