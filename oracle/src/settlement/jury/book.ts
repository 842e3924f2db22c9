import type { Db } from '../../store/store.ts'
import type { ProbeBook } from './probe.ts'

/** The rolling set of known answers, kept in the store. */
export function createProbeBook(db: Db): ProbeBook {
  return {
    async read(limit) {
      const rows = await db
        .selectFrom('probe')
        .select(['id', 'answer', 'votes'])
        .orderBy('seq', 'desc')
        .limit(limit)
        .execute()
      return rows
        .reverse()
        .map(({ id, answer, votes }) => ({ id, answer, votes: JSON.parse(votes) }))
    },
    async append({ id, answer, votes }) {
      await db
        .insertInto('probe')
        .values({ id, answer, votes: JSON.stringify(votes) })
        .execute()
    },
  }
}
