import type { Docket, Ladder } from '@earnest/sdk/protocol'
import type { EscrowState } from '../../escrow/state.ts'
import { unpack } from '../../store/json.ts'
import type { Db } from '../../store/store.ts'
import { arbitrationOf, ladderOf } from '../committee/tend.ts'

/** A case that ends with a moderator, and when it is the moderator's. */
export type Waiting = {
  state: EscrowState
  /** Unix seconds from which the moderator may decide; null while a rung below has it. */
  from: number | null
  /** Unix seconds at which the escrow concludes by its evidence. */
  until: number
}

/** Cases in arbitration whose ladder ends with a moderator, the most urgent first (TRZ-06). */
export async function listQueue(db: Db): Promise<Waiting[]> {
  const rows = await db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .leftJoin('docket', 'docket.escrow_id', 'escrow.escrow_id')
    .select(['escrow.body', 'docket.body as docket'])
    .where('escrow.state', '=', 'Arbitration')
    .orderBy('escrow.timer_end')
    .limit(500)
    .execute()
  return rows.flatMap(({ body, docket }) => {
    const state = unpack<EscrowState>(body)
    return waitingOf(state, docket === null ? undefined : unpack<Docket>(docket)) ?? []
  })
}

/** One case as it waits for a moderator; undefined for one that never will. */
export function waitingOf(state: EscrowState, docket: Docket | undefined): Waiting | undefined {
  const ladder = ladderOf(state)
  const arbitration = arbitrationOf(state)
  if (!ladder || ladder.moderatorLimit === 0 || !arbitration) return undefined
  return {
    state,
    from: turnOf({ ladder, docket, start: arbitration.start }),
    until: arbitration.end,
  }
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
