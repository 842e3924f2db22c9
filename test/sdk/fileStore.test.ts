import assert from 'node:assert/strict'
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createFileStore } from '../../sdk/src/fileStore.ts'

const folder = () => mkdtemp(join(tmpdir(), 'earnest-store-'))

describe('fileStore', () => {
  test('gives what was set, lists it, forgets it', async () => {
    const store = createFileStore({ folder: await folder() })
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
    const stores = Array.from({ length: 8 }, () => createFileStore({ folder: place }))
    await Promise.all(
      stores.flatMap((store, n) => [store.set('venue/one', { n }), store.set(`trade/${n}`, { n })]),
    )
    const [store = assert.fail()] = stores
    assert.equal(typeof ((await store.get('venue/one')) as { n: number }).n, 'number')
    assert.equal((await store.keys('trade/')).length, 8)
    const left = (await readdir(place)).filter((name) => name.endsWith('.tmp'))
    assert.deepEqual(left, [])
  })
})
