import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from '../../../oracle/src/store/migrations.ts'
import { openPglite } from '../../../oracle/src/store/pglite.ts'

const names = Object.keys(migrations).sort()
/** The last one of the first release; the tables of no database that is in use are older. */
const RELEASED = names.indexOf('0005_courts') + 1

test('a database of any earlier state is brought up to date with what is in it', async (t) => {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: await openPglite(undefined) }),
  })
  t.after(() => db.destroy())
  for (let done = RELEASED; done < names.length; done++) {
    const bring = async (count: number) => {
      const some = Object.fromEntries(
        names.slice(0, count).map((name) => [name, migrations[name] ?? assert.fail(name)]),
      )
      const migrator = new Migrator({ db, provider: { getMigrations: async () => some } })
      const { error } = await migrator.migrateToLatest()
      assert.equal(error, undefined, `from ${done}`)
    }
    await bring(done)
    for (const row of [
      sql`insert into agent (did, wallet, registration, capabilities, status, registered_at)
        values ('did', '0xab', '{}', '{}', 'active', 5)`,
      sql`insert into pact (pact_id, buyer_did, seller_did, capability, nonce, subjective,
        signed_pact, registered_at) values ('pact', 'b', 'did', 'c', 'n', false, '{}', 1)`,
      sql`insert into failure (pact_id, escrow_id, did, reason, at)
        values ('pact', 'e', 'did', 'words', 1)`,
      sql`insert into bond (wallet, staked, free, at) values ('0xab', 1, 1, 1)`,
      sql`insert into blob (id, size, sealed_key, created_at) values ('blob', 1, 'x', 1)`,
      sql`insert into "grant" (token_hash, escrow_id, round, name, mime, blob_id, did, expires_at)
        values ('t', 'e', 1, 'n', 'm', 'blob', 'did', 9)`,
    ]) {
      await row.execute(db)
    }
    await bring(names.length)
    const { rows } =
      await sql`select reason, amends from failure join pact using (pact_id)`.execute(db)
    assert.deepEqual(rows, [{ reason: 'words', amends: false }])
    await sql`drop schema public cascade`.execute(db)
    await sql`create schema public`.execute(db)
  }
})
