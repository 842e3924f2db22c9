import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createIdentity, isEarnestError } from '@earnest/sdk/protocol'
import { backupStore, restoreStore } from '../../../oracle/src/store/backup.ts'
import { append, readEvents, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { dropLease, holdLease, takeLease } from '../../../oracle/src/store/lease.ts'
import { claim, enqueue, finish, retry } from '../../../oracle/src/store/queue.ts'
import type { Store } from '../../../oracle/src/store/store.ts'

const signer = createIdentity({ secretKey: new Uint8Array(32).fill(5) })
const other = createIdentity({ secretKey: new Uint8Array(32).fill(6) })

const refuses = (code: string) => (error: unknown) => isEarnestError(error, code)

/** What every store has to do, whatever PostgreSQL it is. */
export function describeStore(
  name: string,
  open: () => Promise<{ store: Store; fresh: () => Promise<Store>; close: () => Promise<void> }>,
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>
    let store: Store

    before(async () => {
      opened = await open()
      store = opened.store
    })
    after(() => opened.close())

    const entry = (n: number) => ({
      action: 'tested',
      subject: `s${n % 3}`,
      at: 1_700_000_000 + n,
      data: { n, text: 'ü' },
      tell: { type: 'agent_registered' as const, agents: [signer.did] },
    })

    test('[DRV-09] concurrent writers make one chain without gaps, and it verifies', async () => {
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          store.db.transaction().execute((tx) => append(tx, signer, [entry(n)])),
        ),
      )
      const found = await verifyJournal(store.db, signer)
      assert.deepEqual([found.entries, found.events], [40, 40])
      const events = await readEvents(store.db, { after: 0, limit: 100 })
      assert.deepEqual(
        events.map(({ id }) => id),
        Array.from({ length: 40 }, (_, index) => index + 1),
      )
    })

    test('a key happens once, also within one call', async () => {
      const keyed = { ...entry(1), key: 'once' }
      const add = () => store.db.transaction().execute((tx) => append(tx, signer, [keyed, keyed]))
      assert.equal(await add(), 1)
      assert.equal(await add(), 0)
    })

    test('[DRV-09] entries can be neither changed nor removed', async () => {
      await assert.rejects(store.db.updateTable('journal').set({ at: 1 }).execute())
      await assert.rejects(store.db.deleteFrom('journal').execute())
      await assert.rejects(store.db.updateTable('event').set({ at: 1 }).execute())
      await assert.rejects(store.db.deleteFrom('event').execute())
    })

    test('a transaction that fails leaves no entry and no gap', async () => {
      const { entries } = await verifyJournal(store.db, signer)
      await assert.rejects(
        store.db.transaction().execute(async (tx) => {
          await append(tx, signer, [entry(2)])
          throw new Error('crash')
        }),
      )
      assert.equal((await verifyJournal(store.db, signer)).entries, entries)
      // What comes next was thought to stand after it.
      assert.equal(await append(store.db, signer, [{ ...entry(2), key: 'alone' }]), 1)
      assert.equal(await append(store.db, signer, [{ ...entry(2), key: 'alone' }]), 0)
      await Promise.all([5, 6, 7].map((n) => append(store.db, signer, [entry(n)])))
      assert.equal((await verifyJournal(store.db, signer)).entries, entries + 4)
    })

    test('[DRV-09] another key does not verify the chain', async () => {
      await assert.rejects(verifyJournal(store.db, other), refuses('journal_broken'))
    })

    test('events are filtered by agent', async () => {
      const tell = { type: 'agent_registered' as const, agents: [other.did] }
      await store.db.transaction().execute((tx) => append(tx, signer, [{ ...entry(3), tell }]))
      const found = await readEvents(store.db, { after: 0, limit: 100, agent: other.did })
      assert.equal(found.length, 1)
    })

    test('one holder of a lease at a time; a former one is fenced off', async () => {
      const first = await takeLease(store.db, { name: 'x', holder: 'a', seconds: 60 })
      assert.equal(first?.epoch, 1)
      assert.equal(await takeLease(store.db, { name: 'x', holder: 'b', seconds: 60 }), undefined)
      const again = await takeLease(store.db, { name: 'x', holder: 'a', seconds: 60 })
      assert.equal(again?.epoch, 1)
      assert.ok(first)
      await dropLease(store.db, first)
      const second = await takeLease(store.db, { name: 'x', holder: 'b', seconds: 60 })
      assert.equal(second?.epoch, 2)
      const hold = () => store.db.transaction().execute((tx) => holdLease(tx, first))
      await assert.rejects(hold(), refuses('lease_lost'))
    })

    test('each job is claimed by one worker, and a key waits once', async () => {
      for (let n = 0; n < 30; n++) {
        await enqueue(store.db, { queue: 'q', key: `k${n % 20}`, payload: { n } })
      }
      const options = { queues: ['q'], limit: 7, leaseSeconds: 60 }
      const batches = await Promise.all([1, 2, 3, 4].map(() => claim(store.db, options)))
      const ids = batches.flat().map(({ id }) => id)
      assert.equal(ids.length, 20)
      assert.equal(new Set(ids).size, 20)
      assert.equal((await claim(store.db, options)).length, 0)
      for (const job of batches.flat()) assert.equal(await finish(store.db, job), true)
    })

    test('a job of a worker that died is taken by another, whose end counts', async () => {
      await enqueue(store.db, { queue: 'dead', key: 'k', payload: {} })
      const claimed = { queues: ['dead'], limit: 1, leaseSeconds: 0 }
      const [first] = await claim(store.db, claimed)
      const [second] = await claim(store.db, { ...claimed, leaseSeconds: 60 })
      assert.ok(first && second)
      assert.deepEqual([first.id, second.attempts], [second.id, 2])
      assert.equal(await finish(store.db, first), false)
      assert.equal(await finish(store.db, second), true)
    })

    test('work that became necessary anew while its job was in hand is looked at once more', async () => {
      const options = { queues: ['anew'], limit: 1, leaseSeconds: 0 }
      await enqueue(store.db, { queue: 'anew', key: 'k', payload: {}, delaySeconds: 60 })
      assert.deepEqual(await claim(store.db, options), [])
      await enqueue(store.db, { queue: 'anew', key: 'k', payload: {} })
      assert.deepEqual(await claim(store.db, options), [])
      await enqueue(store.db, { queue: 'anew', key: 'k', payload: {}, again: true })
      const [first] = await claim(store.db, options)
      assert.ok(first)
      await enqueue(store.db, { queue: 'anew', key: 'k', payload: {}, again: true })
      assert.equal(await finish(store.db, first), false)
      const [second] = await claim(store.db, { ...options, leaseSeconds: 60 })
      assert.ok(second)
      assert.equal(await finish(store.db, second), true)
    })

    test('a hopeless job is set aside, a retried one comes again', async () => {
      await enqueue(store.db, { queue: 'sad', key: 'k', payload: {} })
      const options = { queues: ['sad'], limit: 1, leaseSeconds: 60 }
      const [job] = await claim(store.db, options)
      assert.ok(job)
      await retry(store.db, job, { error: 'x', delaySeconds: 0 })
      const [again] = await claim(store.db, options)
      assert.ok(again)
      await retry(store.db, again, { error: 'x', delaySeconds: undefined })
      assert.equal((await claim(store.db, options)).length, 0)
    })

    test('[DRV-17] a backup restores the same store, and only into an empty one', async () => {
      await store.db
        .insertInto('blob')
        .values({
          id: 'b',
          sha256: null,
          size: 3,
          sealed_key: Buffer.from([1, 2, 3]),
          created_at: 1,
        })
        .execute()
      const lines: string[] = []
      for await (const line of backupStore(store.db)) lines.push(line)
      const copy = await opened.fresh()
      try {
        await restoreStore(copy.db, toAsync(lines))
        assert.deepEqual(
          await verifyJournal(copy.db, signer),
          await verifyJournal(store.db, signer),
        )
        const blob = await copy.db.selectFrom('blob').select('sealed_key').executeTakeFirst()
        assert.deepEqual([...(blob?.sealed_key ?? [])], [1, 2, 3])
        const again: string[] = []
        for await (const line of backupStore(copy.db)) again.push(line)
        assert.deepEqual(again, lines)
        await assert.rejects(restoreStore(copy.db, toAsync(lines)), refuses('store_not_empty'))
        await enqueue(copy.db, { queue: 'after', key: 'k', payload: {} })
      } finally {
        await copy.close()
      }
    })

    test('[DRV-17] a backup of the version before the blocks lost their parents restores', async () => {
      const old = { number: 7, hash: '0x07', parent: '0x06', timestamp: 1_700_000_000 }
      const lines = [{ format: 'earnest-backup/1' }, { table: 'block', row: old }, { end: 1 }].map(
        (line) => JSON.stringify(line),
      )
      const copy = await opened.fresh()
      try {
        assert.equal(await restoreStore(copy.db, toAsync(lines)), 1)
        const { parent: _, ...block } = old
        assert.deepEqual(await copy.db.selectFrom('block').selectAll().execute(), [block])
      } finally {
        await copy.close()
      }
    })

    test('[DRV-17] half a backup restores nothing', async () => {
      const lines: string[] = []
      for await (const line of backupStore(store.db)) lines.push(line)
      const copy = await opened.fresh()
      try {
        await assert.rejects(
          restoreStore(copy.db, toAsync(lines.slice(0, -1))),
          refuses('backup_incomplete'),
        )
        assert.equal((await copy.db.selectFrom('journal').selectAll().execute()).length, 0)
      } finally {
        await copy.close()
      }
    })
  })
}

async function* toAsync<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
