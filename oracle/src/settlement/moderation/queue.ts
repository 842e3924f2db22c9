import type { Docket, Ladder } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import { ladderOf } from '../../escrow/ladder.ts'
import { type Recourse, readRecourse } from '../../escrow/recourse.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { unpack } from '../../store/json.ts'
import type { Db } from '../../store/store.ts'
import { readDocket } from '../committee/docket.ts'
import { forumOf } from '../forum.ts'

/** A case that ends with a moderator, and when it is the moderator's. */
export type Waiting = {
  state: EscrowState
  /** Whose moderator: a claim against a bond is the vault's arbiter's. */
  arbiter: Address
  /** Unix seconds from which the moderator may decide; null while a rung below has it. */
  from: number | null
  /** Unix seconds at which it concludes by the evidence. */
  until: number
}

/** Cases in arbitration whose ladder ends with a moderator, the most urgent first (TRZ-06). */
export async function listQueue(db: Db): Promise<Waiting[]> {
  const rows = await db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .leftJoin('docket', 'docket.escrow_id', 'escrow.escrow_id')
    .leftJoin('recourse', 'recourse.escrow_id', 'escrow.escrow_id')
    .select(['escrow.body', 'docket.body as docket', 'recourse.body as recourse'])
    .where((eb) =>
      eb.or([eb('escrow.state', '=', 'Arbitration'), eb('recourse.state', '=', 'claimed')]),
    )
    .orderBy((eb) => eb.fn.coalesce('recourse.due_at', 'escrow.timer_end'))
    .limit(500)
    .execute()
  return rows.flatMap(({ body, docket, recourse }) => {
    const of = <T>(text: string | null) => (text === null ? undefined : unpack<T>(text))
    return waitingOf(unpack<EscrowState>(body), of<Docket>(docket), of<Recourse>(recourse)) ?? []
  })
}

/** The same of one escrow. */
export async function readWaiting(db: Db, state: EscrowState): Promise<Waiting | undefined> {
  return waitingOf(state, await readDocket(db, state.id), await readRecourse(db, state.id))
}

/** One case as it waits for a moderator; undefined for one that never will. */
function waitingOf(
  state: EscrowState,
  docket: Docket | undefined,
  recourse: Recourse | undefined,
): Waiting | undefined {
  const ladder = ladderOf(state)
  const { arbiter, open } = forumOf(state, recourse)
  if (!ladder || ladder.moderatorLimit === 0 || !open) return undefined
  return { state, arbiter, from: turnOf({ ladder, docket, start: open.start }), until: open.end }
}

/** As the arbiter counts it: a silent jury first, then the time in which a panel could convene. */
function turnOf({
  ladder,
  docket,
  start,
}: {
  ladder: Ladder
  docket: Docket | undefined
  start: number
}): number | null {
  const stage = docket?.stage ?? 'none'
  if (stage === 'moderation') return docket?.appeal?.at ?? start
  if (stage !== 'none') return null
  return start + ladder.juryLimit + Math.floor(ladder.committeeLimit / 5)
}
