import {
  EarnestError,
  type KeyHistory,
  type KeyResolver,
  keyAt,
  ownKey,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'

type Stored = Omit<KeyHistory, 'periods'> & {
  periods: { publicKey: string; from: number; until: number | null }[]
}

/** A verified key history as the store keeps it. */
export function writeHistory(history: KeyHistory): string {
  const periods = history.periods.map((period) => ({
    ...period,
    publicKey: Buffer.from(period.publicKey).toString('hex'),
  }))
  return JSON.stringify({ ...history, periods })
}

/** Reads what `writeHistory` wrote. */
export function readHistory(text: string): KeyHistory {
  const stored = JSON.parse(text) as Stored
  const periods = stored.periods.map((period) => ({
    ...period,
    publicKey: Uint8Array.from(Buffer.from(period.publicKey, 'hex')),
  }))
  return { ...stored, periods }
}

/**
 * Resolves the keys of these agents, rotated ones too; an agent that is not registered has its own.
 * The resolver throws key_not_valid, key_log_frozen, agent_retired.
 */
export async function resolveKeys(db: Db | Tx, dids: readonly string[]): Promise<KeyResolver> {
  const rows = await readKeys(db, { dids })
  const known = new Map(rows.map((row) => [row.did, row]))
  return (did, at) => {
    const row = known.get(did)
    if (row?.status === 'retired') {
      throw new EarnestError('agent_retired', 'This agent retired its keys')
    }
    return row?.keys ? keyAt(readHistory(row.keys), at) : ownKey(did)
  }
}

const readKeys = statement((db, { dids }: { dids: readonly string[] }) =>
  db
    .selectFrom('agent')
    .select(['did', 'keys', 'status'])
    .where(sql<boolean>`did = any(${dids}::text[])`),
)
