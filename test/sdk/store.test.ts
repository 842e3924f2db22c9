import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Task, TaskState } from '@a2a-js/sdk'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import { createCursor } from '../../sdk/src/cursor.ts'
import { createFileStore } from '../../sdk/src/fileStore.ts'
import { beginTrade, readTrade, recordOf, type Trade, tradeSchema } from '../../sdk/src/journal.ts'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { encode } from '../../sdk/src/protocol/decode.ts'
import { decodePact, hashPact } from '../../sdk/src/protocol/pact.ts'
import type { Store } from '../../sdk/src/protocol/store.ts'
import { createTaskStore } from '../../sdk/src/taskStore.ts'
import { samplePactWire } from '../support/pact.ts'

const folder = () => mkdtemp(join(tmpdir(), 'earnest-store-'))

const stores: [string, () => Promise<Store>][] = [
  ['memoryStore', async () => createMemoryStore()],
  ['fileStore', async () => createFileStore({ folder: await folder() })],
]

for (const [name, open] of stores) {
  describe(name, () => {
    test('gives what was set, lists it, forgets it', async () => {
      const store = await open()
      assert.equal(await store.get('job/1'), undefined)
      await store.set('job/1', { n: 1 })
      await store.set('job/2', [2])
      await store.set('pact/1', 'three')
      assert.deepEqual(await store.get('job/1'), { n: 1 })
      assert.deepEqual(await store.keys('job/'), ['job/1', 'job/2'])
      await store.delete('job/1')
      await store.delete('job/1')
      assert.deepEqual(await store.keys('job/'), ['job/2'])
    })

    test('swap writes only where the expected stands, whatever the order of its members', async () => {
      const store = await open()
      assert.equal(await store.swap('k', { a: 1 }, 'never'), false)
      assert.equal(await store.get('k'), undefined)
      assert.equal(await store.swap('k', undefined, { a: 1, b: [2] }), true)
      assert.equal(await store.swap('k', undefined, 'never'), false)
      assert.equal(await store.swap('k', { a: 1 }, 'never'), false)
      assert.equal(await store.swap('k', null, 'never'), false)
      assert.deepEqual(await store.get('k'), { a: 1, b: [2] })
      assert.equal(await store.swap('k', { b: [2], a: 1 }, null), true)
      assert.equal(await store.get('k'), null)
      assert.equal(await store.swap('k', undefined, 'never'), false)
      assert.equal(await store.swap('k', 'other', undefined), false)
      assert.equal(await store.swap('k', null, undefined), true)
      assert.deepEqual(await store.keys(''), [])
      assert.equal(await store.swap('k', undefined, undefined), true)
    })

    test('of many swaps at once from the same value one takes place', async () => {
      const store = await open()
      await store.set('k', 0)
      const all = await Promise.all(Array.from({ length: 12 }, (_, n) => store.swap('k', 0, n + 1)))
      assert.equal(all.filter(Boolean).length, 1)
      assert.equal(await store.get('k'), all.indexOf(true) + 1)
    })
  })
}

describe('a folder', () => {
  const left = async (place: string) =>
    (await readdir(place)).filter((entry) => !entry.endsWith('.json'))

  test('what a killed process of the same number left half written stops nobody', async () => {
    const place = await folder()
    // In a container every process has the same number.
    for (let n = 0; n < 4; n++) {
      await writeFile(join(place, `job%2F1.json.${process.pid}.${n}.tmp`), '{"n":')
    }
    const store = createFileStore({ folder: place })
    await store.set('job/1', { n: 1 })
    assert.deepEqual(await store.get('job/1'), { n: 1 })
    assert.deepEqual(await store.keys('job/'), ['job/1'])
  })

  test('several stores of one folder in one process write at the same time', async () => {
    const place = await folder()
    const all = Array.from({ length: 8 }, () => createFileStore({ folder: place }))
    await Promise.all(
      all.flatMap((store, n) => [store.set('venue/one', { n }), store.set(`trade/${n}`, { n })]),
    )
    const [store = assert.fail()] = all
    assert.equal(typeof ((await store.get('venue/one')) as { n: number }).n, 'number')
    assert.equal((await store.keys('trade/')).length, 8)
    assert.deepEqual(await left(place), [])
  })

  test('processes that change one key lose no change of each other, one of them killed at any instant', async () => {
    const place = await folder()
    const run = (times: number) =>
      spawn(process.execPath, [fileURLToPath(new URL('support/counting.ts', import.meta.url))], {
        env: { ...process.env, FOLDER: place, TIMES: String(times) },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    const [one, two, doomed] = [run(20), run(20), run(1e9)]
    let heard = 0
    doomed.stdout.on('data', (dots: Buffer) => {
      heard += dots.length
      if (heard >= 5) doomed.kill('SIGKILL')
    })
    const codes = await Promise.all(
      [one, two, doomed].map(async (child) => (await once(child, 'close'))[0]),
    )
    assert.deepEqual(codes, [0, 0, null])
    const count = Number(await createFileStore({ folder: place }).get('count'))
    // The last of the killed one may stand without its word.
    assert.ok(count === 40 + heard || count === 41 + heard, `${count} of ${40 + heard}`)
  })

  test('the turn of a process that died is over, and one that was only slow changes nothing any more', async () => {
    const place = await folder()
    const store = createFileStore({ folder: place })
    await mkdir(join(place, 'k.turn', 'of a dead one'), { recursive: true })
    await store.set('k', 'old')
    assert.equal(await store.get('k'), 'old')
    let isFirst = true
    const expected = {
      // Asked within the turn: meanwhile another takes the turn away and writes.
      toJSON() {
        if (isFirst) {
          renameSync(join(place, 'k.turn'), join(place, 'aside'))
          writeFileSync(join(place, 'k.json'), '"of another"')
        }
        isFirst = false
        return 'old'
      },
    }
    assert.equal(await store.swap('k', expected, 'of the slow one'), false)
    assert.equal(isFirst, false)
    assert.equal(await store.get('k'), 'of another')
  })
})

describe('tasks', () => {
  test('a burst of changes is one write, read before it is on disk, and one that fails is made good', async () => {
    const store = createMemoryStore()
    const written: unknown[] = []
    let isFull = false
    const tasks = createTaskStore({
      ...store,
      async set(key, value) {
        if (isFull) throw new Error('no space')
        written.push((value as { status: { state: string } }).status.state)
        await store.set(key, value)
      },
    })
    const context = { user: { isAuthenticated: true, userName: 'me' } } as ServerCallContext
    const stranger = { user: { isAuthenticated: false, userName: 'stranger:1' } }
    const taskIn = (state: TaskState, id = 'one'): Task => ({
      id,
      contextId: 'c',
      status: { state, message: undefined, timestamp: undefined },
      artifacts: [],
      history: [],
      metadata: undefined,
    })
    const stateNow = async () => (await tasks.load('one', context))?.status?.state
    await tasks.save(taskIn(TaskState.TASK_STATE_SUBMITTED), context)
    await tasks.save(taskIn(TaskState.TASK_STATE_WORKING), context)
    await tasks.save(taskIn(TaskState.TASK_STATE_WORKING, 'two'), stranger as ServerCallContext)
    assert.equal(await stateNow(), TaskState.TASK_STATE_WORKING)
    assert.deepEqual(written, [])
    await tasks.flush()
    assert.deepEqual(written, ['TASK_STATE_WORKING'])
    assert.equal(await stateNow(), TaskState.TASK_STATE_WORKING)
    isFull = true
    await tasks.save(taskIn(TaskState.TASK_STATE_COMPLETED), context)
    await assert.rejects(tasks.flush())
    assert.equal(await stateNow(), TaskState.TASK_STATE_COMPLETED)
    isFull = false
    await tasks.flush()
    await tasks.save(taskIn(TaskState.TASK_STATE_FAILED), context)
    // Nobody asks for it: it is written by itself.
    while (written.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(written.slice(1), ['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED'])
  })
})

describe('cursor', () => {
  test('a burst is one write of its last event, and a write that fails is made good by the next', async () => {
    const store = createMemoryStore()
    const written: unknown[] = []
    let isFull = false
    const disk: Store = {
      ...store,
      async set(key, value) {
        if (isFull) throw new Error('no space')
        written.push(value)
        await store.set(key, value)
      },
    }
    const cursor = createCursor(disk, 'events/last')
    assert.equal(await cursor.read(), 0)
    for (const id of [1, 2, 3]) cursor.note(id)
    await cursor.flush()
    assert.deepEqual(written, [3])
    isFull = true
    cursor.note(4)
    await cursor.flush()
    assert.equal(await cursor.read(), 3)
    isFull = false
    cursor.note(5)
    // Nobody asks for it: it is written by itself.
    while ((await cursor.read()) !== 5) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(written, [3, 5])
  })
})

describe('journal', () => {
  const pact = decodePact(samplePactWire)
  const start = (): Trade => ({
    tradeId: crypto.randomUUID(),
    agentUrl: 'https://seller.example',
    draft: pact,
    endpoint: 'https://seller.example/a2a',
    cardHash: 'ab'.repeat(32),
    card: { name: 'Seller' },
    signed: null,
    taskId: null,
    contextId: null,
    isRegistered: false,
    fundingTxHash: null,
    milestone: 0,
    objections: [],
    deposits: [],
    isEnded: false,
  })
  const signed = {
    pact,
    pactHash: hashPact(pact),
    buyerSignature: '11'.repeat(64),
    sellerSignature: '22'.repeat(64),
  }

  test('what is written member by member is the whole trade, and is not read again', async () => {
    const store = createMemoryStore()
    let reads = 0
    const counted: Store = {
      ...store,
      async get(key) {
        reads++
        return await store.get(key)
      },
    }
    const trade = await beginTrade(counted, start())
    const record = recordOf(counted, trade)
    await record.save({ signed, taskId: 'task', contextId: 'context' })
    reads = 0
    await record.save({ isRegistered: true })
    await record.save({ fundingTxHash: `0x${'cd'.repeat(32)}`, milestone: 0 })
    await record.save({ isEnded: true })
    assert.equal(reads, 0)
    assert.deepEqual(await readTrade(store, trade.tradeId), record.read())
    assert.deepEqual(
      await store.get(`trade/${trade.tradeId}`),
      encode(tradeSchema, record.read(), 'store_corrupt'),
    )
  })

  test('a save over what another process wrote meanwhile loses nothing of it', async () => {
    const store = createMemoryStore()
    const trade = await beginTrade(store, start())
    const [one, two] = [recordOf(store, trade), recordOf(store, trade)]
    await one.save({ signed, taskId: 'one', contextId: 'one' })
    await two.save({ signed: { ...signed, buyerSignature: '33'.repeat(64) }, taskId: 'two' })
    // Whose signature was first stays, also where it was not seen.
    assert.equal(two.read().taskId, 'one')
    await two.save({ fundingTxHash: `0x${'cd'.repeat(32)}`, milestone: 1 })
    await one.save({ isRegistered: true })
    assert.equal(one.read().milestone, 1)
    await two.save({ isEnded: true })
    const { isRegistered, isEnded, milestone } = await readTrade(store, trade.tradeId)
    assert.deepEqual([isRegistered, isEnded, milestone], [true, true, 1])
    assert.equal(two.read().isRegistered, true)
  })

  test('what no schema takes is not written', async () => {
    const store = createMemoryStore()
    const trade = await beginTrade(store, start())
    const record = recordOf(store, trade)
    await record.save({ isRegistered: true })
    const before = await store.get(`trade/${trade.tradeId}`)
    await assert.rejects(record.save({ deposits: ['not base64'] }), {
      code: 'store_corrupt',
    })
    assert.deepEqual(await store.get(`trade/${trade.tradeId}`), before)
  })
})
