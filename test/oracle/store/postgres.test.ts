import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createIdentity, isEarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { append, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { type Db, openStore } from '../../../oracle/src/store/store.ts'
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

test('tables that a newer process changed are read on, though statements were prepared before', async () => {
  const url = await server.database('newer')
  const store = await openStore({ url, connections: 1 })
  const read = () =>
    store.db.selectFrom('block').selectAll().where('number', '=', 1).executeTakeFirst()
  try {
    assert.equal(await read(), undefined)
    await sql`alter table block add column later text`.execute(store.db)
    // The one connection that had prepared it says so once and is given up.
    await assert.rejects(read(), { code: '0A000' })
    assert.equal(await read(), undefined)
  } finally {
    await store.close()
  }
})

test('a connection that the server ends between two statements fails its transaction and nothing else', async () => {
  const url = await server.database('ended')
  const store = await openStore({ url, connections: 1 })
  const other = await openStore({ url, connections: 1 })
  const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`
  try {
    let ended = 0
    const work = store.db.transaction().execute(async (tx) => {
      ended = (await pid.execute(tx)).rows[0]?.pid ?? 0
      await sql`select pg_terminate_backend(${ended})`.execute(other.db)
      // Until the server's word for it is here.
      while (await isThere(other.db, ended)) await setTimeout(5)
      await setTimeout(50)
      await pid.execute(tx)
    })
    await assert.rejects(work)
    const { rows } = await pid.execute(store.db)
    assert.notEqual(rows[0]?.pid, ended)
  } finally {
    await store.close()
    await other.close()
  }
})

async function isThere(db: Db, pid: number): Promise<boolean> {
  const { rows } = await sql`select 1 from pg_stat_activity where pid = ${pid}`.execute(db)
  return rows.length > 0
}

test('lists of every length are asked for, prepared or not', async () => {
  const url = await server.database('lists')
  const store = await openStore({ url, connections: 1 })
  try {
    for (let length = 1; length <= 600; length++) {
      const numbers = Array.from({ length }, (_, n) => n)
      const { rows } = await sql<{ n: number }>`
        select count(*)::int8 as n from (values ${sql.join(
          numbers.map((n) => sql`(${n}::int8)`),
        )}) as list (n)`.execute(store.db)
      assert.deepEqual(rows, [{ n: length }])
    }
    const { rows } = await sql<{ n: number }>`
      select count(*)::int8 as n from pg_prepared_statements`.execute(store.db)
    assert.ok((rows[0]?.n ?? 0) <= 500)
  } finally {
    await store.close()
  }
})

test('a server that is not there is said so', async () => {
  await assert.rejects(openStore({ url: 'postgres://postgres:x@127.0.0.1:1/none' }), (error) =>
    isEarnestError(error, 'store_unreachable'),
  )
})

test('a server that takes a connection and ends it in one packet is away, and ends nobody', async () => {
  const message = (letter: string, body: string) => {
    const head = Buffer.alloc(5)
    head.write(letter)
    head.writeInt32BE(4 + body.length, 1)
    return Buffer.concat([head, Buffer.from(body)])
  }
  const packet = Buffer.concat([
    message('R', '\0\0\0\0'),
    message('Z', 'I'),
    message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0'),
  ])
  const dying = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(packet))
  })
  await once(dying.listen(0, '127.0.0.1'), 'listening')
  const { port } = dying.address() as AddressInfo
  try {
    const url = `postgres://postgres@127.0.0.1:${port}/none`
    await assert.rejects(openStore({ url, connections: 1 }), { code: 'store_unreachable' })
  } finally {
    dying.close()
  }
})

test('a server that is killed in the middle is said to be away, and is used again once it is back', async () => {
  const store = await openStore({ url: await server.database('killed'), connections: 2 })
  const count = async () => {
    const { rows } = await sql<{ n: number }>`select count(*)::int8 as n from block`.execute(
      store.db,
    )
    return rows[0]?.n
  }
  try {
    const work = store.db.transaction().execute(async (tx) => {
      await sql`insert into block (number, hash, timestamp) values (1, '0x', 1)`.execute(tx)
      await server.kill()
      await sql`select 1`.execute(tx)
    })
    await assert.rejects(work, { code: 'store_unreachable' })
    await assert.rejects(count(), { code: 'store_unreachable', retryable: true })
    await server.revive()
    assert.equal(await count(), 0)
  } finally {
    await server.revive()
    await store.close()
  }
})
