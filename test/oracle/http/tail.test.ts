import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createIdentity } from '@earnest/sdk/protocol'
import { createTail } from '../../../oracle/src/http/tail.ts'
import { type Bell, createBell } from '../../../oracle/src/store/bell.ts'
import { append, readEvents } from '../../../oracle/src/store/journal.ts'
import type { Store } from '../../../oracle/src/store/store.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'

const signer = createIdentity({ secretKey: new Uint8Array(32).fill(5) })
const agents = [6, 7].map((n) => createIdentity({ secretKey: new Uint8Array(32).fill(n) }).did)
const [one = '', two = ''] = agents

describe('tail', () => {
  let store: Store
  let bell: Bell
  before(async () => {
    store = await openFreshStore()
    bell = createBell()
  })
  after(() => store.close())

  /** Writes `count` events, in turn about the one, the other and both. */
  async function happen(count: number): Promise<void> {
    const entries = Array.from({ length: count }, (_, n) => ({
      action: 'anything',
      subject: 'x',
      at: n,
      data: { n },
      tell: { type: 'appealed' as const, agents: [[one], [two], [one, two]][n % 3] ?? [] },
    }))
    await store.db.transaction().execute((tx) => append(tx, signer, entries))
    bell.ring()
  }

  /** Everything after `cursor` that a listener gets, until there is nothing more. */
  async function listen(tail: ReturnType<typeof createTail>, cursor: number, agent?: string) {
    const heard: number[] = []
    for (let at = cursor; ; ) {
      const found = await tail.since(at, { agent })
      heard.push(...found.rows.map(({ id }) => id))
      if (found.cursor === at) return { heard, at }
      at = found.cursor
    }
  }

  const stored = async (after: number, agent?: string) =>
    (await readEvents(store.db, { after, limit: 10_000, agent })).map(({ id }) => id)

  test('listeners hear what the store holds, from wherever they begin, and each their own', async () => {
    await happen(30)
    const tail = createTail({ db: store.db, bell })
    assert.equal(await tail.newest(), 30)
    await happen(250)
    for (const agent of [undefined, one, two]) {
      for (const from of [0, 29, 30, 31, 200, 280]) {
        const { heard, at } = await listen(tail, from, agent)
        assert.deepEqual(heard, await stored(from, agent), `${from} ${agent}`)
        assert.equal(at, 280)
      }
    }
  })

  test('who falls further behind than is kept reads it from the store', async () => {
    const tail = createTail({ db: store.db, bell })
    const start = await tail.newest()
    await happen(2_300)
    assert.deepEqual((await listen(tail, start)).heard, await stored(start))
    assert.deepEqual((await listen(tail, start, two)).heard, await stored(start, two))
  })

  test('a hundred listeners cost one read of the log, and a ring without news none', async () => {
    let reads = 0
    const counted = new Proxy(store.db, {
      get(db, name) {
        if (name === 'selectFrom' || name === 'executeQuery') reads++
        const value: unknown = Reflect.get(db, name)
        return typeof value === 'function' ? value.bind(db) : value
      },
    })
    const tail = createTail({ db: counted, bell })
    const start = await tail.newest()
    await happen(3)
    reads = 0
    const heard = await Promise.all(
      Array.from({ length: 100 }, (_, n) => tail.since(start, { agent: n % 2 ? one : two })),
    )
    assert.equal(reads, 1)
    assert.ok(heard.every(({ rows, cursor }) => rows.length === 2 && cursor === start + 3))
    await Promise.all(Array.from({ length: 100 }, () => tail.since(start + 3, {})))
    assert.equal(reads, 1)
  })

  test('what comes while the log is read is not missed', async () => {
    const tail = createTail({ db: store.db, bell })
    const start = await tail.newest()
    await happen(1)
    const reading = tail.since(start, {})
    await happen(1)
    await reading
    assert.equal((await listen(tail, start)).heard.length, 2)
  })
})
