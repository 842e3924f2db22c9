import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { commands } from '../../oracle/src/operator.ts'
import { append } from '../../oracle/src/store/journal.ts'
import { createSigner } from '../../oracle/src/store/signer.ts'
import { openStore } from '../../oracle/src/store/store.ts'
import { layStore } from '../../scripts/local/store.ts'
import { neededSettings } from './support/neededSettings.ts'

describe('operator', () => {
  let folder: string
  let said: string[]

  /** A command under the settings of an oracle whose node is away. */
  function order(data: string, name: string, ...args: string[]): Promise<boolean> {
    said = []
    const env = { ...neededSettings, EARNEST_DATA: join(folder, data) }
    const operator = { env, monotonic: () => 0, say: (line: string) => void said.push(line) }
    return commands[name]!(operator, ...args)
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'earnest-operator-'))
    for (const name of ['one', 'other']) await layStore(join(folder, name))
    const store = await openStore({ folder: join(folder, 'one') })
    const signer = createSigner({ secretKey: new Uint8Array(32).fill(0x21) })
    await store.db
      .transaction()
      .execute((tx) =>
        append(tx, signer, [{ action: 'tried', subject: 'operator', at: 1000, data: { n: 1 } }]),
      )
    await store.close()
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('a backup is for its owner alone, and what is restored of it holds every hash and signature', async () => {
    const file = join(folder, 'backup.gz')
    assert.equal(await order('one', 'backup', file), true)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(await order('other', 'restore', file), true)
    const { restored } = JSON.parse(said[0]!)
    assert.ok(restored >= 1)
    assert.equal(await order('one', 'verify-journal'), true)
    const [before] = said
    assert.equal(await order('other', 'verify-journal'), true)
    assert.deepEqual(said, [before])
    assert.match(before!, /"entries":1/)
    await assert.rejects(order('other', 'restore', file), { code: 'store_not_empty' })
  })

  test('what a command does not take is refused before anything is opened', async () => {
    for (const [name, ...args] of [
      ['backup'],
      ['restore'],
      ['reindex', '-1'],
      ['reindex', 'soon'],
      ['appeal', 'a-flag', 'perhaps', 'a reason'],
      ['appeal', 'a-flag', 'uphold'],
      ['revoke'],
      ['revoke', 'urn:uuid:0', 'Because I say so'],
    ] as const) {
      assert.equal(await order('one', name, ...args), false, `${name} ${args}`)
    }
    assert.deepEqual(said, [])
  })

  test('whatever needs the chain’s time is not done without the chain', async () => {
    await assert.rejects(order('one', 'revoke', crypto.randomUUID(), 'issued_in_error'))
    await assert.rejects(order('one', 'appeal', 'a-flag', 'uphold', 'they are not one'))
    assert.deepEqual(said, [])
  })

  test('appeals and the start of a reading need no chain', async () => {
    assert.equal(await order('one', 'appeals'), true)
    assert.deepEqual(said, [])
    assert.equal(await order('one', 'reindex', '7'), true)
    assert.deepEqual(said, ['{"reindexFrom":7}'])
  })
})
