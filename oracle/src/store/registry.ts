import { sql } from 'kysely'
import type { Tx } from './store.ts'

/** One arbitrary number, as in the journal. */
const registryLock = 4_017_202_612

/**
 * Keeps the registry of pacts as it is until the transaction ends: what is read of the chain meets
 * either a pact that stands or a registration that comes wholly after it and catches up. Take it first
 * in a transaction, or two could wait for each other.
 */
export async function holdRegistry(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(registryLock)})`.execute(tx)
}

/** The same for a registration; registrations do not wait for each other. */
export async function enterRegistry(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${sql.lit(registryLock)})`.execute(tx)
}
