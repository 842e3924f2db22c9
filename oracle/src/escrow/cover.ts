import type { Clock, Identity } from '@earnest/sdk/protocol'
import { openExposures } from '../negotiation/exposure.ts'
import { append, type Entry } from '../store/journal.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import type { Db } from '../store/store.ts'
import type { BondStatement } from '../trust/event.ts'

/**
 * Tells the trust model what bonded sellers have open, where that changed: the free bond is measured
 * against it. A look now and then suffices; what may be registered is decided at the registration.
 */
export async function watchCovers({
  db,
  signer,
  clock,
  lease,
}: {
  db: Db
  signer: Identity
  clock: Clock
  lease: Lease
}): Promise<void> {
  const now = clock.now()
  const bonded = await db
    .selectFrom('bond')
    .innerJoin('agent', 'agent.wallet', 'bond.wallet')
    .select(['agent.did', 'bond.wallet', 'bond.staked', 'bond.free', 'bond.open'])
    .where('bond.staked', '!=', '0')
    .orderBy('agent.did')
    .execute()
  const exposures = await openExposures(
    db,
    bonded.map(({ did }) => did),
    now,
  )
  const changed = bonded.filter(({ did, open }) => (exposures.get(did) ?? 0n) !== BigInt(open))
  if (changed.length === 0) return
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const entries: Entry[] = []
    for (const { did, wallet, staked, free } of changed) {
      const open = exposures.get(did) ?? 0n
      await tx
        .updateTable('bond')
        .set({ open: open.toString() })
        .where('wallet', '=', wallet)
        .execute()
      const fact: BondStatement = {
        kind: 'bond',
        agent: did,
        at: now,
        staked: BigInt(staked),
        free: BigInt(free),
        open,
      }
      const data = { open: open.toString() }
      entries.push({ action: 'exposure_changed', subject: did, at: now, data, fact })
    }
    await append(tx, signer, entries)
  })
}
