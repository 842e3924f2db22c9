import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createIdentity, isEarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { append, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { openStore } from '../../../oracle/src/store/store.ts'
import { type Server, startServer } from '../../../scripts/local/postgres.ts'
import { describeStore } from './contract.ts'

let server: Server
before(async () => {
  server = await startServer()
})
after(() => server.close())

describeStore('PostgreSQL', async () => {
  const url = await server.database('contract')
  const store = await openStore({ url })
  let copies = 0
  const fresh = async () => openStore({ url: await server.database(`copy${++copies}`) })
  return { store, fresh, close: () => store.close() }
})

test('[DRV-09] an administrator who rewrites an entry is found out', async () => {
  const url = await server.database('tampered')
  const store = await openStore({ url })
  const signer = createIdentity({ secretKey: new Uint8Array(32).fill(5) })
  try {
    for (const n of [1, 2, 3]) {
      await store.db
        .transaction()
        .execute((tx) => append(tx, signer, [{ action: 'a', subject: 's', at: n, data: { n } }]))
    }
    await sql`alter table journal disable trigger all`.execute(store.db)
    await store.db.updateTable('journal').set({ data: '{"n":9}' }).where('seq', '=', 2).execute()
    await assert.rejects(
      verifyJournal(store.db, signer),
      (error) => isEarnestError(error, 'journal_broken') && error.details.number === 2,
    )
    await store.db.deleteFrom('journal').where('seq', '=', 2).execute()
    await assert.rejects(
      verifyJournal(store.db, signer),
      (error) => isEarnestError(error, 'journal_broken') && error.details.number === 3,
    )
  } finally {
    await store.close()
  }
})

test('two processes that start at once on an empty database make its tables once', async () => {
  const url = await server.database('race')
  const stores = await Promise.all([openStore({ url }), openStore({ url }), openStore({ url })])
  await Promise.all(stores.map((store) => store.close()))
})

test('a server that is not there is said so', async () => {
  await assert.rejects(openStore({ url: 'postgres://postgres:x@127.0.0.1:1/none' }), (error) =>
    isEarnestError(error, 'store_unreachable'),
  )
})
