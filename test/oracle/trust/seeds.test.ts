import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSeeds } from '@earnest/sdk/protocol'
import { readSettings } from '../../../oracle/src/settings.ts'
import { neededSettings } from '../support/neededSettings.ts'
import { createDesk, party, register } from '../support/world.ts'

async function read<T>(desk: Awaited<ReturnType<typeof createDesk>>, path: string): Promise<T> {
  return (await (await desk.app.request(path)).json()) as T
}

test('[TAP-01] seeds are published, and every answer commits to them', async () => {
  const seeds = [51, 52, 53, 54, 55].map((byte) => party(byte).identity.did)
  const desk = await createDesk({ seeds })
  try {
    await register(desk, desk.seller)
    type Info = { seeds: string[]; scorer: { seeds: string } }
    const info = await read<Info>(desk, '/api/v1/oracle')
    assert.deepEqual(info.seeds, seeds)
    const { did } = desk.seller.identity
    const answer = await read<Pick<Info, 'scorer'>>(desk, `/api/v1/trust/${did}`)
    assert.equal(answer.scorer.seeds, hashSeeds(info.seeds))
    assert.equal(answer.scorer.seeds, hashSeeds([...seeds].reverse()))
    assert.notEqual(answer.scorer.seeds, hashSeeds(seeds.slice(1)))
    assert.deepEqual((await read<{ warnings: string[] }>(desk, '/ready')).warnings, [])
  } finally {
    await desk.close()
  }
})

test('an oracle without seeds says that it can rate nobody', async () => {
  for (const [seeds, warning] of [
    [[], 'no_seeds'],
    [[party(51).identity.did], 'few_seeds'],
  ] as const) {
    const desk = await createDesk({ seeds: [...seeds] })
    try {
      const { warnings } = await read<{ warnings: string[] }>(desk, '/ready')
      assert.deepEqual(warnings, [warning])
    } finally {
      await desk.close()
    }
  }
})

test('issuers and their weights are read whole or refused at the start', () => {
  const [one, other] = [party(51).identity.did, party(52).identity.did]
  const faultsOf = (issuers: string): string[] => {
    try {
      readSettings({ EARNEST_ISSUERS: issuers })
    } catch (error) {
      const { faults } = (error as { details: { faults: string[] } }).details
      return faults.filter((fault) => fault.startsWith('EARNEST_ISSUERS'))
    }
    return []
  }
  for (const good of ['', `${one}=1`, `${one}=0`, `${one}=.5`, `${one}=0.5, ${other}=1`]) {
    assert.deepEqual(faultsOf(good), [], good)
  }
  const bad = [one, `${one}=`, `${one}=2`, `${one}=-1`, `${one}=1e0`, `${one}=50%`, `${one}=0.5=1`]
  for (const each of [...bad, 'mallory=1', `${one}=1,`, `=1`, `${one}=1;${other}=1`]) {
    assert.notDeepEqual(faultsOf(each), [], each)
    // What is wrong is said, never what stands there.
    assert.ok(!faultsOf(each).join().includes(one), each)
  }
  const twice = faultsOf(`${one}=1,${other}=0.5,${one}=0`)
  assert.equal(twice.length, 1)
  const read = readSettings({ ...neededSettings, EARNEST_ISSUERS: `${one}=0.5, ${other}=1` })
  assert.deepEqual(
    [...read.EARNEST_ISSUERS],
    [
      [one, 0.5],
      [other, 1],
    ],
  )
})

test('a seed that is no DID is refused at the start', () => {
  const read = (seeds: string) => {
    try {
      readSettings({ EARNEST_SEEDS: seeds })
    } catch (error) {
      return (error as { details: { faults: string[] } }).details.faults.some((fault) =>
        fault.startsWith('EARNEST_SEEDS'),
      )
    }
    return false
  }
  assert.equal(read('mallory'), true)
  assert.equal(read(''), false)
  assert.equal(read(party(51).identity.did), false)
})
