import {
  type AgentRecord,
  decode,
  EarnestError,
  type KeyLog,
  keyLogSchema,
  registrationSchema,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { getAddress } from 'viem'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'

/** @throws agent_unknown */
export async function getAgent(db: Db | Tx, did: string): Promise<AgentRecord> {
  const row = await db.selectFrom('agent').selectAll().where('did', '=', did).executeTakeFirst()
  if (!row) throw new EarnestError('agent_unknown', 'No such agent')
  return recordOf(row)
}

/** Agents with a capability (or all) in the order of their DIDs, after `cursor`. */
export async function listAgents(
  db: Db,
  {
    capability,
    after,
    limit,
  }: {
    capability?: string | undefined
    after?: string | undefined
    limit: number
  },
): Promise<AgentRecord[]> {
  let query = db
    .selectFrom('agent')
    .selectAll()
    .where('status', '=', 'active')
    .orderBy('did')
    .limit(limit)
  if (capability !== undefined) {
    query = query.where(sql<boolean>`capabilities @> array[${capability}]::text[]`)
  }
  if (after !== undefined) query = query.where('did', '>', after)
  return (await query.execute()).map(recordOf)
}

/** An agent's row as the API shows it. */
export function recordOf(row: Row<'agent'>): AgentRecord {
  const registration = decode(
    registrationSchema,
    JSON.parse(row.registration),
    'invalid_registration',
  )
  const keyLog: KeyLog | undefined = row.key_log
    ? decode(keyLogSchema, JSON.parse(row.key_log), 'invalid_key_log')
    : undefined
  return {
    ...registration,
    ...(keyLog && { keyLog }),
    wallet: getAddress(row.wallet),
    status: row.status,
    registeredAt: row.registered_at,
    lastActiveAt: row.active_at,
    lastHeartbeatAt: row.heartbeat_at,
  }
}

/** A signed protocol action moves the agent's last activity; being asked about never does (ORC-10, W-47). */
export async function touchAgents(tx: Tx, dids: readonly string[], at: number): Promise<void> {
  await tx
    .updateTable('agent')
    .set({ active_at: at })
    .where('did', 'in', [...dids])
    .where((eb) => eb.or([eb('active_at', 'is', null), eb('active_at', '<', at)]))
    .execute()
}
