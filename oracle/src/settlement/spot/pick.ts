import { spotDraw } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import type { Chain } from '../../escrow/chain.ts'
import { isListed } from '../../escrow/count.ts'
import { SMALL_CONFIRMATIONS } from '../../escrow/finality.ts'
import { logsBetween, readEscrow } from '../../escrow/fold.ts'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { append, type Entry } from '../../store/journal.ts'
import { holdLease, type Lease } from '../../store/lease.ts'
import { enqueue } from '../../store/queue.ts'
import type { NewRow } from '../../store/tables.ts'
import { rateOf, SPOT_TABLE, type SpotPolicy } from './rate.ts'

type Picking = Context & { chain: Chain; policy: SpotPolicy; lease: Lease; latest: number }

/**
 * Draws which of the deliveries that passed every check by machine the jury looks at, once their seed
 * stands on chain. What was not drawn leaves no trace here: anybody can repeat the draw.
 * @returns how many were drawn.
 */
export async function pickSpots(picking: Picking): Promise<number> {
  const { db, signer, clock, chain, policy, lease, latest } = picking
  const upTo = latest - SPOT_TABLE.seedAfter - SMALL_CONFIRMATIONS
  if (policy.rateBps === 0 || upTo < chain.startBlock) return 0
  const cursor = await db
    .selectFrom('cursor')
    .select('block')
    .where('name', '=', 'spot')
    .executeTakeFirst()
  if (cursor && cursor.block >= upTo) return 0
  // Whoever switches checks on begins with what comes.
  const after = cursor?.block ?? upTo
  const drawn = (await passedBetween(picking, { after, upTo })).filter((row) => row !== undefined)
  return db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const entries: Entry[] = []
    for (const row of drawn) {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('spot_check')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n) continue
      const { escrow_id: escrowId, round } = row
      await enqueue(tx, {
        queue: 'spot',
        key: `${escrowId}/${round}`,
        payload: { escrowId, round },
      })
      entries.push({
        action: 'spot_drawn',
        subject: escrowId,
        at: clock.now(),
        key: `spot_drawn/${escrowId}/${round}`,
        data: {
          round,
          draw: row.draw,
          rateBps: row.rate_bps,
          table: row.rate_table,
          seedBlock: row.seed_block,
          seedHash: row.seed_hash,
        },
      })
    }
    await tx
      .insertInto('cursor')
      .values({ name: 'spot', block: upTo })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ block: upTo }))
      .execute()
    await append(tx, signer, entries)
    return entries.length
  })
}

async function passedBetween(
  { db, chain, clock, policy }: Picking,
  range: { after: number; upTo: number },
): Promise<(NewRow<'spot_check'> | undefined)[]> {
  const seeds = new Map<number, Promise<Hex>>()
  const seedOf = (number: number) => {
    const known = seeds.get(number)
    if (known) return known
    const asked = chain.client.getBlock({ blockNumber: BigInt(number) }).then(({ hash }) => hash)
    seeds.set(number, asked)
    return asked
  }
  const passed = (await logsBetween(db, range)).filter(
    (log) => log.name === 'Attested' && log.result === 'PASS',
  )
  return Promise.all(
    passed.map(async (log) => {
      const [lock, state] = await Promise.all([findLock(db, log.id), readEscrow(db, log.id)])
      // Only what moves a score is looked at; nobody pays for a look at a stranger's escrow.
      if (log.name !== 'Attested' || !lock || !state || !isListed(state, chain)) return undefined
      const { amount } = state.terms
      const seller = lock.pact.seller.did
      const rateBps = rateOf(policy, {
        amount,
        protocolFee: (amount * BigInt(state.clauses.protocolFeeBps)) / 10_000n,
        trades: await tradesBefore(db, { seller, at: log.timestamp }),
      })
      const { round } = log
      const seedBlock = log.place.block + SPOT_TABLE.seedAfter
      const seedHash = await seedOf(seedBlock)
      const draw = spotDraw({ escrowId: log.id, round, seedHash })
      if (draw >= rateBps) return undefined
      return {
        escrow_id: log.id,
        round,
        seller_did: seller,
        draw,
        rate_bps: rateBps,
        rate_table: SPOT_TABLE.version,
        seed_block: seedBlock,
        seed_hash: seedHash,
        drawn_at: clock.now(),
        status: 'drawn' as const,
      }
    }),
  )
}

/** Settlements of a seller that count and ended before a delivery, as far as they matter. */
async function tradesBefore(
  db: Context['db'],
  { seller, at }: { seller: string; at: number },
): Promise<number> {
  const rows = await db
    .selectFrom('settlement')
    .select('seq')
    .where('seller_did', '=', seller)
    .where('counts', '=', true)
    .where('settled_at', '<', at)
    .limit(SPOT_TABLE.newcomer.below)
    .execute()
  return rows.length
}
