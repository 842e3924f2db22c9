import { EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { statement } from './statement.ts'
import type { Db, Tx } from './store.ts'

export type Lease = { name: string; holder: string; epoch: number }

/**
 * Takes or renews a lease; undefined while another process holds it.
 * The epoch grows with every new holder and fences off writes of a former one.
 * Time is the database's, the one clock that all processes share.
 */
export async function takeLease(
  db: Db,
  { name, holder, seconds }: { name: string; holder: string; seconds: number },
): Promise<Lease | undefined> {
  const [row] = await take(db, { name, holder, seconds })
  return row && { name, holder, epoch: row.epoch }
}

const take = statement(
  (_, { name, holder, seconds }: { name: string; holder: string; seconds: number }) =>
    sql<{ epoch: number }>`
    insert into lease (name, holder, epoch, until)
    values (${name}, ${holder}, 1, clock_timestamp() + make_interval(secs => ${seconds}))
    on conflict (name) do update set
      holder = excluded.holder,
      epoch = lease.epoch + case when lease.holder = excluded.holder then 0 else 1 end,
      until = excluded.until
    where lease.holder = excluded.holder or lease.until <= clock_timestamp()
    returning epoch`,
)

/**
 * Locks the lease row for the rest of the transaction, so that what it writes is the holder's.
 * @throws lease_lost when another process took over.
 */
export async function holdLease(tx: Tx, lease: Lease): Promise<void> {
  const [row] = await hold(tx, lease)
  if (row?.epoch !== lease.epoch) {
    throw new EarnestError('lease_lost', `${lease.name} has another holder`, { retryable: true })
  }
}

const hold = statement((db, { name, holder }: Lease) =>
  db
    .selectFrom('lease')
    .select('epoch')
    .where('name', '=', name)
    .where('holder', '=', holder)
    .forUpdate(),
)

/** Gives the lease up, so that another process need not wait for its end. */
export async function dropLease(db: Db, lease: Lease): Promise<void> {
  await db
    .updateTable('lease')
    .set({ until: sql<Date>`clock_timestamp()` })
    .where('name', '=', lease.name)
    .where('holder', '=', lease.holder)
    .where('epoch', '=', lease.epoch)
    .execute()
}
