import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSeeds } from '@earnest/sdk/protocol'
import { readSettings } from '../../../oracle/src/settings.ts'
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
