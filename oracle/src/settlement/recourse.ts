import {
  EarnestError,
  fromBytes32,
  type Identity,
  type RecourseRecord,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import type { Chain } from '../escrow/chain.ts'
import { isFinal, readHeads } from '../escrow/finality.ts'
import { linkOf, readEscrow } from '../escrow/fold.ts'
import type { Recourse } from '../escrow/recourse.ts'
import { evidenceEnd } from '../escrow/window.ts'
import { append, type Entry } from '../store/journal.ts'
import { unpack } from '../store/json.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import type { Db } from '../store/store.ts'
import type { RuledClaim } from '../trust/event.ts'
import { findCase } from './case.ts'
import { withdrawSpot } from './spot/withdraw.ts'
import { harmEntry, upheldHarm } from './upheld.ts'

/**
 * What the buyer of a release at once still has, and what came of it; from the vault alone.
 * @throws escrow_unknown, recourse_unknown
 */
export async function recourseRecord(db: Db, escrowId: string): Promise<RecourseRecord> {
  const { state, pactId, recourse } = await findCase(db, escrowId)
  if (!recourse) throw new EarnestError('recourse_unknown', 'Not released against a bond')
  const { vault, arbiter, stake, claimHash, claimedAt, ending } = recourse
  const wordOf = (word: Hex | null) => (word === null ? null : fromBytes32(word))
  const isClaimed = recourse.state === 'claimed' && claimedAt !== null
  return {
    escrowId: state.id,
    pactId,
    vault,
    arbiter,
    state: recourse.state,
    end: recourse.end,
    heardFrom: isClaimed ? evidenceEnd(state, claimedAt) : null,
    reservedUsdc: ending ? 0n : state.terms.amount,
    stakeUsdc: stake,
    claimHash: wordOf(claimHash),
    claimedAt,
    ending: ending && {
      how: ending.how,
      sellerBps: ending.sellerBps,
      slashedUsdc: ending.slashed,
      compensationUsdc: ending.compensation,
      arbitrationFeeUsdc: ending.arbitrationFee,
      recordHash: wordOf(ending.recordHash),
      txHash: ending.place.txHash,
      endedAt: ending.at,
    },
  }
}

/**
 * Records how recourses ended, once the chain will not take it back: what the arbiter ruled teaches the
 * trust model, where the trade itself counts.
 * @returns how many were new.
 */
export async function recordRecourses({
  db,
  signer,
  chain,
  lease,
  latest,
}: {
  db: Db
  signer: Identity
  chain: Chain
  lease: Lease
  latest: number
}): Promise<number> {
  // Only after the trade itself is on record: the model amends what it has learned.
  const rows = await db
    .selectFrom('recourse')
    .innerJoin('settlement', 'settlement.escrow_id', 'recourse.escrow_id')
    .innerJoin('escrow', 'escrow.escrow_id', 'recourse.escrow_id')
    .select(['recourse.escrow_id', 'recourse.body', 'escrow.amount', 'settlement.counts'])
    .where('recourse.awaits', '=', true)
    .where('recourse.updated_block', '<=', latest)
    .orderBy('recourse.updated_block')
    .limit(500)
    .execute()
  if (rows.length === 0) return 0
  const amounts = rows.map(({ amount }) => BigInt(amount))
  const heads = await readHeads(chain, { latest, amounts })
  return db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const entries: Entry[] = []
    for (const { escrow_id, body, amount, counts } of rows) {
      const { ending, claimHash } = unpack<Recourse>(body)
      if (!ending || !isFinal({ amount: BigInt(amount), block: ending.place.block, heads }))
        continue
      const { how, sellerBps, slashed, at, place } = ending
      const link = await linkOf(tx, escrow_id)
      const state = how === 'ruled' ? await readEscrow(tx, escrow_id) : undefined
      const upheld =
        link && counts && state
          ? await upheldHarm(tx, {
              escrowId: state.id,
              round: state.round,
              buyer: link.buyer,
              claimHash,
              awardedBps: sellerBps,
            })
          : null
      const fact: RuledClaim | undefined =
        link && counts && how === 'ruled'
          ? {
              kind: 'claim',
              escrowId: escrow_id,
              at,
              buyer: link.buyer,
              seller: link.seller,
              sellerBps,
              slashed,
              ...(upheld && { upheld }),
            }
          : undefined
      entries.push({
        action: 'recourse_recorded',
        subject: escrow_id,
        at,
        key: `recourse_recorded/${escrow_id}`,
        data: { how, sellerBps, slashed: slashed.toString(), txHash: place.txHash },
        ...(fact && { fact }),
      })
      if (link && upheld) {
        entries.push(
          harmEntry({ escrowId: escrow_id, link, at, harm: upheld, awardedBps: sellerBps }),
        )
      }
      if (state) {
        entries.push(...(await withdrawSpot(tx, { escrowId: state.id, round: state.round, at })))
      }
      await tx
        .updateTable('recourse')
        .set({ awaits: false })
        .where('escrow_id', '=', escrow_id)
        .execute()
    }
    return append(tx, signer, entries)
  })
}
