import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { callSeller, openControl } from '../../sdk/src/cli/control.ts'
import { readSeller } from '../../sdk/src/cli/seller.ts'
import type { Agent } from '../../sdk/src/cli/settings.ts'
import type { Tool } from '../../sdk/src/tools/index.ts'

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

  test('error: a file that is not there is the user’s fault, too', async () => {
    const reading = readSeller({} as Agent, { file: join(folder, 'none'), onMessage: () => {} })
    await assert.rejects(reading, { code: 'invalid_input' })
  })
})
