import { EarnestError, type FlagAppealRecord, hashBytes } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { AppealDecision } from './event.ts'
import type { Flag } from './state.ts'

const DAY = 86_400

/** A flag as it is told, without its rows. */
export type ToldFlag = Omit<Flag, 'rows'>

/**
 * Takes an agent's appeal against a standing flag on itself, once each time that the flag is raised; the
 * same again answers what became of the first. The words are the reviewer's to read: the audit log has
 * their hash.
 * @param flag The flag of that id on this agent, if there is one.
 * @throws signer_not_agent, flag_unknown
 */
export async function fileAppeal(
  { db, signer, clock }: Context,
  filed: {
    did: string
    by: string
    flagId: string
    statement: string
    flag: ToldFlag | undefined
  },
): Promise<FlagAppealRecord> {
  const { did, by, flagId, statement, flag } = filed
  if (by !== did) throw new EarnestError('signer_not_agent', 'An agent speaks for itself')
  if (flag?.status !== 'standing') {
    throw new EarnestError('flag_unknown', 'No such flag stands on this agent')
  }
  const at = clock.now()
  return db.transaction().execute(async (tx) => {
    const raised = Math.floor(flag.at)
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('flag_appeal')
      .values({ flag_id: flagId, did, raised_at: raised, at, statement, status: 'open' })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    const row = await tx
      .selectFrom('flag_appeal')
      .selectAll()
      .where('flag_id', '=', flagId)
      .where('did', '=', did)
      .where('raised_at', '=', raised)
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 1n) {
      const data = { flagId, statementSha256: hashBytes(new TextEncoder().encode(statement)) }
      await append(tx, signer, [{ action: 'appeal_filed', subject: did, at, data }])
    }
    return recordOf(row)
  })
}

/** The appeals of one agent, without their words, the latest first. */
export async function appealsOf(db: Db, did: string): Promise<FlagAppealRecord[]> {
  const rows = await db
    .selectFrom('flag_appeal')
    .selectAll()
    .where('did', '=', did)
    .orderBy('at', 'desc')
    .limit(50)
    .execute()
  return rows.map(recordOf)
}

/** What waits for the reviewer, with the words, the oldest first. */
export function openAppeals(db: Db): Promise<Row<'flag_appeal'>[]> {
  return db
    .selectFrom('flag_appeal')
    .selectAll()
    .where('status', '=', 'open')
    .orderBy('at')
    .limit(500)
    .execute()
}

/**
 * Puts the decision on an appeal into the event log, once a day: a flag that falls gives every excluded trade
 * back, and the sanction that stood on it goes with it (UNS-10). It answers every open appeal against the flag.
 * @throws appeal_decided
 */
export async function decideAppeal(
  { db, signer, clock }: Context,
  { flagId, upheld, reason }: { flagId: string; upheld: boolean; reason: string },
): Promise<void> {
  const at = clock.now()
  const fact: AppealDecision = { kind: 'appeal', flagId, at, upheld }
  const data = { flagId, upheld, reason }
  // A flag that fell can be raised anew, for new reasons and under its old name.
  const key = `appeal/${flagId}/${upheld}/${Math.floor(at / DAY)}`
  const entry = { action: 'appeal_decided', subject: flagId, at, data, key, fact }
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('flag_appeal')
      .set({ status: upheld ? 'upheld' : 'rejected', decided_at: at, reason })
      .where('flag_id', '=', flagId)
      .where('status', '=', 'open')
      .execute()
    const told = await append(tx, signer, [entry])
    if (told === 0) throw new EarnestError('appeal_decided', 'It was decided so today')
  })
}

function recordOf({ flag_id, at, status, decided_at, reason }: Row<'flag_appeal'>) {
  return { flagId: flag_id, at, status, decidedAt: decided_at, reason }
}
