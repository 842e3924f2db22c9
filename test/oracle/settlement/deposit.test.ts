import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { hashBytes, hashPact } from '@earnest/sdk/protocol'
import { createDesk, pactOf, problemOf, register, registrationOf, send } from '../support/world.ts'

const path = '/api/v1/pacts'
const bytes = (text: string) => new TextEncoder().encode(text)

describe('deposits', () => {
  let desk: Awaited<ReturnType<typeof createDesk>>
  before(async () => {
    desk = await createDesk()
    await register(desk, desk.buyer)
    await register(desk, desk.seller)
  })
  after(() => desk?.close())

  /** Registers a pact whose one criterion names a deposit. */
  async function deposit(kind: 'checker' | 'heldOut', content: string) {
    const sha256 = hashBytes(bytes(content))
    const source =
      kind === 'checker' ? { kind, sha256 } : { kind, sha256, measure: 'accuracy' as const }
    const verifier = {
      type: 'metric' as const,
      file: 'result.json',
      pointer: '/list',
      source,
      min: 1,
    }
    const acceptance = [{ id: 'measured', description: 'Measured', weight: 1, verifier }]
    const pact = pactOf(desk, { acceptance })
    const response = await send(desk, {
      by: desk.buyer,
      method: 'POST',
      path,
      body: {
        ...registrationOf(desk, pact),
        deposits: [{ sha256, content: Buffer.from(content).toString('base64') }],
      },
    })
    return { response, pactId: hashPact(pact) }
  }

  const useless: [string, 'checker' | 'heldOut', string][] = [
    ['is no script', 'checker', 'this is not a script'],
    ['defines no check', 'checker', 'const other = () => 1'],
    ['throws while it loads', 'checker', 'throw new Error("no")'],
    ['never finishes loading', 'checker', 'for (;;) {}'],
    ['is no list', 'heldOut', '{"a":1}'],
    ['is an empty list', 'heldOut', '[]'],
  ]
  for (const [name, kind, content] of useless) {
    test(`[W-9] a deposit that ${name} is refused at registration, and the pact is not there`, async () => {
      const { response, pactId } = await deposit(kind, content)
      assert.deepEqual(await problemOf(response), [422, 'deposit_unusable'])
      assert.equal((await desk.app.request(`${path}/${pactId}`)).status, 404)
    })
  }

  test('a checker that loads and values that can be measured are taken', async () => {
    assert.equal((await deposit('checker', 'const check = () => 1')).response.status, 201)
    assert.equal((await deposit('heldOut', '["a","b"]')).response.status, 201)
  })
})
