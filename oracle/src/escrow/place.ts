import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'

/** Blocks below the last that are read again, since a reorg may have changed them. */
export const OVERLAP = 64

/** Where those stand who read the chain beside the index, and what the store holds of the blocks they read again. */
export type Places = {
  /** Fundings or ends wait for the chain to be sure of them. */
  awaits: boolean
  vault: {
    /** The last block that was read; null before the first. */
    block: number | null
    /** A recourse has changed there. */
    recourses: boolean
    /** Something was paid at once against a bond there. */
    bonded: boolean
  }
  docket: { block: number | null /** An arbiter has said something there. */; logs: boolean }
}

/** Reads them in one question, since the answer at most looks is that nothing is there. */
export async function readPlaces(db: Db, latest: number): Promise<Places> {
  const [row] = await placesAt(db, { latest })
  return {
    awaits: row?.awaits ?? true,
    vault: {
      block: row?.vault ?? null,
      recourses: row?.recourses ?? true,
      bonded: row?.bonded ?? true,
    },
    docket: { block: row?.docket ?? null, logs: row?.logs ?? true },
  }
}

const placesAt = statement(
  (_, { latest }: { latest: number }) => sql<{
    awaits: boolean
    vault: number | null
    recourses: boolean
    bonded: boolean
    docket: number | null
    logs: boolean
  }>`
    select vault.block as vault, docket.block as docket,
      exists (select from escrow where awaits and updated_block <= ${latest}) as awaits,
      exists (select from recourse_log where block_number >= vault.block - ${OVERLAP}::int8)
        or exists (select from recourse where updated_block >= vault.block - ${OVERLAP}::int8)
        as recourses,
      -- In the words of their index: most that was released has no bond behind it.
      exists (
        select from escrow
        where updated_block >= vault.block - ${OVERLAP}::int8
          and state = 'Completed' and body like '%"bonded":true%'
      ) as bonded,
      exists (select from docket_log where block_number >= docket.block - ${OVERLAP}::int8) as logs
    from (select (select block from cursor where name = 'vault') as block) vault,
      (select (select block from cursor where name = 'docket') as block) docket`,
)
