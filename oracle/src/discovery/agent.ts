import {
  type AgentRecord,
  decode,
  EarnestError,
  type KeyLog,
  keyLogSchema,
  MAX_AMOUNT,
  parseUsdc,
  registrationSchema,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { getAddress } from 'viem'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'

/** @throws agent_unknown */
export async function getAgent(db: Db | Tx, did: string): Promise<AgentRecord> {
  const row = await db.selectFrom('agent').selectAll().where('did', '=', did).executeTakeFirst()
  if (!row) throw new EarnestError('agent_unknown', 'No such agent')
  return recordOf(row)
}

/** @throws agent_unknown */
export async function assertAgent(db: Db, did: string): Promise<void> {
  const row = await db.selectFrom('agent').select('did').where('did', '=', did).executeTakeFirst()
  if (!row) throw new EarnestError('agent_unknown', 'No such agent')
}

/** Active agents with a capability (or all) and what a task costs there; without a price, the most. */
export async function findAgents(
  db: Db,
  capability: string | undefined,
): Promise<{ did: string; price: bigint }[]> {
  let query = db
    .selectFrom('agent')
    .select(['did', 'registration'])
    .where('status', '=', 'active')
    .where(sql<boolean>`cardinality(capabilities) > 0`)
  if (capability !== undefined) {
    query = query.where(sql<boolean>`capabilities @> array[${capability}]::text[]`)
  }
  return (await query.execute()).map(({ did, registration }) => {
    const { pricing } = JSON.parse(registration) as { pricing?: { perTask: string } }
    return { did, price: pricing ? parseUsdc(pricing.perTask) : MAX_AMOUNT }
  })
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
  await touch(tx, { dids, at })
}

const touch = statement((db, { dids, at }: { dids: readonly string[]; at: number }) =>
  db
    .updateTable('agent')
    .set({ active_at: at })
    .where(sql<boolean>`did = any(${dids}::text[])`)
    .where((eb) => eb.or([eb('active_at', 'is', null), eb('active_at', '<', at)])),
)
