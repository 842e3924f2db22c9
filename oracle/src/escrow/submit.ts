import { isTerminal } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { pack, unpack } from '../store/json.ts'
import { enqueue } from '../store/queue.ts'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { Call } from './chain.ts'
import { readEscrow } from './fold.ts'
import { isRecourseOpen } from './recourse.ts'

/** Refusals of the chain after which a call of the oracle's own is left to the operator. */
const MAX_TRIES = 16

export type Submission = {
  /** Makes the call happen once. */
  key: string
  escrowId: string
  call: Call
  /** Unix seconds. */
  at: number
  /** Nobody wants it any more once the escrow's `seq` is above this. */
  seq?: number
  /** 1 for a call that its author sends again, if anybody. */
  maxTries?: number
  /** Seconds that its author has to advance it, before the queue does. */
  delaySeconds?: number
}

/**
 * Writes down a call to be made exactly once, and the work that makes it; a key that exists is left alone.
 * @returns what was written; undefined where the key existed.
 */
export async function submit(
  tx: Tx | Db,
  submission: Submission,
): Promise<Row<'submission'> | undefined> {
  const [written] = await writeSubmission(tx, writingOf(submission))
  return written
}

const writeSubmission = statement(
  (_, writing: Writing) => sql<Row<'submission'>>`with ${writtenBy(writing)} select * from written`,
)

/** A submission as the values of a statement. */
export type Writing = Omit<Required<Submission>, 'call' | 'seq'> & {
  request: string
  seq: number | null
  payload: string
}

/** What `writtenBy` takes. */
export function writingOf({ call, seq, ...submission }: Submission): Writing {
  const { key } = submission
  return {
    maxTries: MAX_TRIES,
    delaySeconds: 0,
    ...submission,
    request: pack(call),
    seq: seq ?? null,
    payload: JSON.stringify({ key }),
  }
}

/** The same as the beginning of a statement: `written` is what was. */
export const writtenBy = (writing: Writing) => {
  const { key, escrowId, request, at, maxTries, seq, payload, delaySeconds } = writing
  return sql`written as (
      insert into submission (key, escrow_id, request, status, created_at, max_tries, seq)
      values (${key}, ${escrowId}, ${request}, 'queued', ${at}, ${maxTries}, ${seq})
      on conflict (key) do nothing
      returning *
    ), queued as (
      insert into job (queue, key, payload, run_at) values (
        'submit', ${key}, ${payload}, clock_timestamp() + make_interval(secs => ${delaySeconds})
      )
      on conflict (queue, key) do nothing
    )`
}

/** A reorg took these escrows' transactions with it: the same signed bytes are sent again. */
export async function resubmit(tx: Tx, escrowIds: readonly string[]): Promise<void> {
  const rows = await tx
    .updateTable('submission')
    .set({ status: sql<string>`case when raw is null then 'queued' else 'signed' end` })
    .where('escrow_id', 'in', [...escrowIds])
    .where('status', 'in', ['mined', 'reverted', 'failed', 'parked'])
    .where((eb) => eb.or([eb('status', 'in', ['mined', 'reverted']), eb('max_tries', '>', 1)]))
    .returning('key')
    .execute()
  for (const { key } of rows) {
    await enqueue(tx, { queue: 'submit', key, payload: { key }, again: true })
  }
}

/** Statuses in which nothing happens to a submission any more by itself. */
const given = ['failed', 'reverted', 'parked']

/**
 * Takes a submission up again that was given up, from its first step and with all its tries.
 * @returns false where it is under way or mined.
 */
export async function takeUp(
  tx: Tx,
  key: string,
  { delaySeconds = 0 }: { delaySeconds?: number } = {},
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('submission')
    .set((eb) => ({
      status: 'queued',
      nonce: null,
      raw: null,
      hashes: [],
      tries: 0,
      attempts: eb('attempts', '+', 1),
    }))
    .where('key', '=', key)
    .where('status', 'in', given)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await enqueue(tx, { queue: 'submit', key, payload: { key }, delaySeconds })
  return true
}

/**
 * True where nobody wants the call any more: the escrow ended, or went past what the call is for. A
 * release at once leaves a claim behind: a call beside the escrow lives as long as that does.
 */
export async function isMoot(
  db: Db,
  { escrow_id, seq, request }: Pick<Row<'submission'>, 'escrow_id' | 'seq' | 'request'>,
): Promise<boolean> {
  const state = await readEscrow(db, escrow_id)
  if (!state) return false
  if (seq !== null && state.seq > seq) return true
  if (!isTerminal(state.state)) return false
  const isBeside = unpack<Call>(request).to !== undefined
  return !(isBeside && (await isRecourseOpen(db, escrow_id)))
}
