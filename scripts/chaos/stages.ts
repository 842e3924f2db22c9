import { sql } from 'kysely'
import { openStore } from '../../oracle/src/store/store.ts'

/** What the oracles commit, told as steps in the order of the commits. */
export interface Stages {
  close(): Promise<void>
}

/** Which rows are steps: table, what happens to it, and the step's name as SQL over the new row. */
const watched = [
  [
    'submission',
    'insert or update',
    `'submission ' || split_part(new.key, '/', 1) || ' ' || new.status`,
  ],
  ['completion', 'insert or update', `'completion ' || new.status`],
  ['event', 'insert', `'event ' || new.type`],
  ['settlement', 'insert', `'settlement recorded'`],
] as const

/**
 * Has the database note every step of the oracles that it commits, and tells it within milliseconds.
 * The tables are the oracle's, the note is only here.
 */
export async function watchStages(url: string, onStep: (step: string) => void): Promise<Stages> {
  const { db, close } = await openStore({ url, connections: 1 })
  await sql`create table chaos_step (id bigserial primary key, step text not null)`.execute(db)
  for (const [table, verbs, step] of watched) {
    const name = `chaos_${table}`
    await sql
      .raw(
        `create function ${name}() returns trigger language plpgsql as $$ begin
           if tg_op = 'UPDATE' and new is not distinct from old then return new; end if;
           insert into chaos_step (step) values (${step}); return new; end $$`,
      )
      .execute(db)
    await sql
      .raw(
        `create trigger ${name} after ${verbs} on ${table} for each row execute function ${name}()`,
      )
      .execute(db)
  }
  let isOpen = true
  let last = 0
  const looking = (async () => {
    while (isOpen) {
      const { rows } = await sql<{ id: number; step: string }>`
        select id, step from chaos_step where id > ${last} order by id`.execute(db)
      for (const { id, step } of rows) {
        last = id
        onStep(step)
      }
      await new Promise((resolve) => setTimeout(resolve, 8))
    }
  })()
  return {
    async close() {
      isOpen = false
      await looking
      await close()
    },
  }
}
