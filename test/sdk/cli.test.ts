import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { callSeller, openControl } from '../../sdk/src/cli/control.ts'
import { readSeller } from '../../sdk/src/cli/seller.ts'
import { type Agent, readAgent } from '../../sdk/src/cli/settings.ts'
import { createFileStore } from '../../sdk/src/fileStore.ts'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'
import { createIdentity } from '../../sdk/src/protocol/identity.ts'
import type { Tool } from '../../sdk/src/tools/index.ts'
import { trustPolicySchema } from '../../sdk/src/trust/policy.ts'

describe('command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earnest-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('the socket of a seller that runs is its user’s alone from its first moment on', async () => {
    const path = join(folder, 'control.sock')
    const mask = process.umask()
    const tool = { name: 'greet', execute: async () => ({ ok: true }) } as unknown as Tool
    const opening = openControl(path, [tool])
    // Not yet awaited: this is as early as anybody could connect.
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(process.umask(), mask)
    const server = await opening
    assert.deepEqual(await callSeller(path, { tool: 'greet', input: {} }), { ok: true })
    server.close()
  })

  for (const [what, text] of [
    ['no JSON', '{"name":'],
    ['a list', '[]'],
  ] as const) {
    test(`error: a seller's file or a verdict's record that is ${what} is the user's fault and no internal one`, async () => {
      const file = join(folder, 'file.json')
      writeFileSync(file, text)
      const reading = readSeller({} as Agent, { file, onMessage: () => {} })
      await assert.rejects(reading, { code: 'invalid_input' })
      const args = ['sdk/src/cli/main.ts', 'verify-verdict', '--record', file]
      const said = (() => {
        try {
          return execFileSync(process.execPath, args, { encoding: 'utf8', env: {} })
        } catch (error) {
          return (error as { stdout: string }).stdout
        }
      })()
      assert.equal(JSON.parse(said).code, 'invalid_input')
    })
  }

  test('[POL-09] the command line’s trust policy is the buyer’s own file, every threshold of it, and a broken one is refused', async () => {
    const chain = createServer((_, answer) =>
      answer.end('{"jsonrpc":"2.0","id":1,"result":"0x7a69"}'),
    )
    chain.listen(0, '127.0.0.1')
    await once(chain, 'listening')
    const file = join(folder, 'policy.json')
    const did = createIdentity({ secretKey: new Uint8Array(32).fill(6) }).did
    const read = () =>
      readAgent(
        {
          AGENT_PRIVATE_KEY: '06'.repeat(32),
          EARNEST_WALLET_KEY: `0x${'07'.repeat(32)}`,
          EARNEST_RPC_URL: `http://127.0.0.1:${(chain.address() as AddressInfo).port}`,
          EARNEST_ORACLE_URL: 'http://oracle.test',
          EARNEST_ORACLE_DID: did,
          EARNEST_FOLDER: join(folder, 'agent'),
          EARNEST_TRUST_POLICY: file,
        },
        createManualClock(1_800_000_000),
      )
    const limits = {
      minCompositeScore: 123,
      minTaskCount: 4,
      minBondTier: 3,
      minFulfillmentRate90d: 0.56,
      maxInactiveDays: 78,
    }
    const wire = {
      default: limits,
      highValue: { aboveUsdc: '90', ...limits, minCompositeScore: 456 },
      newcomer: { maxUsdc: '1.5' },
    }
    try {
      writeFileSync(file, JSON.stringify(wire))
      const { trustPolicy, store } = await read()
      assert.deepEqual(await store.keys(''), [])
      assert.ok(trustPolicy)
      assert.deepEqual(trustPolicySchema.encode(trustPolicy), wire)
      for (const broken of ['{', '[]', JSON.stringify({ ...wire, default: { minTaskCount: 1 } })]) {
        writeFileSync(file, broken)
        await assert.rejects(read(), { code: 'invalid_policy' })
      }
    } finally {
      chain.close()
    }
  })

  test('error: a folder that cannot be made is told to who uses the store, and ends no process', async () => {
    const file = join(folder, 'no-folder')
    writeFileSync(file, '')
    const store = createFileStore({ folder: join(file, 'agent') })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await assert.rejects(store.set('a', 1), { code: 'ENOTDIR' })
    await assert.rejects(store.keys(''), { code: 'ENOTDIR' })
  })

  test('error: a file that is not there is the user’s fault, too', async () => {
    const reading = readSeller({} as Agent, { file: join(folder, 'none'), onMessage: () => {} })
    await assert.rejects(reading, { code: 'invalid_input' })
  })
})
