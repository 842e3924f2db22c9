import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { signBody } from '@earnest/sdk/protocol'
import { serve } from '@hono/node-server'
import { append } from '../../../oracle/src/store/journal.ts'
import { createDesk, party, register } from '../support/world.ts'
import { settled } from '../trust/market.ts'

const usdc = 1_000_000n
const seeds = [51, 52, 53, 54, 55].map((byte) => party(byte).identity.did)
const [good, cheap] = [party(61), party(62)]

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk({ seeds })
  await register(desk, good, 'valuation', { pricing: { perTask: 90n * usdc } })
  await register(desk, cheap, 'valuation', { pricing: { perTask: 10n * usdc } })
  const at = desk.clock.now()
  const facts = Array.from({ length: 20 }, (_, i) => [
    settled({ buyer: `buyer-${i}`, seller: seeds[i % 5] as string, at }),
    settled({ buyer: `buyer-${i}`, seller: good.identity.did, at, capability: 'valuation' }),
  ]).flat()
  await desk.oracle.db.transaction().execute((tx) =>
    append(
      tx,
      desk.oracle.signer,
      facts.map((fact) => ({ action: 'tested', subject: 'market', at, data: {}, fact })),
    ),
  )
})
after(() => desk?.close())

test('[API-15] a search is sorted by score or by price', async () => {
  const order = async (sort: string) => {
    const response = await desk.app.request(`/api/v1/agents?capability=valuation${sort}`)
    const { agents } = (await response.json()) as { agents: { did: string }[] }
    return agents.map(({ did }) => did)
  }
  const [first, second] = [good.identity.did, cheap.identity.did]
  assert.deepEqual(await order(''), [first, second])
  assert.deepEqual(await order('&sort=score'), [first, second])
  assert.deepEqual(await order('&sort=price'), [second, first])
})

/** A platform that has never seen the oracle's code: it knows its URL and DID, and what an agent shows. */
const platform = `
import { publicKeyFromDid, trustResponseSchema, verifyBody, verifyTrust } from '@earnest/sdk/protocol'
const { url, oracle, did, challenge, signature, now } = JSON.parse(process.argv[1])
const publicKey = publicKeyFromDid(did)
const isAgent = verifyBody({ type: 'message', body: challenge, signature, publicKey })
const response = await fetch(url + '/api/v1/trust/' + encodeURIComponent(did) + '?nonce=platform')
const answer = trustResponseSchema.decode(await response.json())
verifyTrust(answer, { agent: did, oracle, now, nonce: 'platform' })
console.log(JSON.stringify({ isAgent, status: answer.status, score: answer.compositeScore }))
`

test('[REP-14] [UNS-09] a second platform, a process of its own, takes identity and record as they are', async () => {
  const server = serve({ fetch: desk.app.fetch, port: 0 })
  try {
    const address = server.address()
    assert.ok(typeof address === 'object' && address)
    const { did, secretKey } = { did: good.identity.did, secretKey: new Uint8Array(32).fill(61) }
    const challenge = { platform: 'elsewhere', nonce: crypto.randomUUID() }
    const shown = {
      url: `http://127.0.0.1:${address.port}`,
      oracle: desk.oracle.signer.did,
      did,
      challenge,
      signature: signBody({ type: 'message', body: challenge, secretKey }),
      now: desk.clock.now(),
    }
    const run = async (changes: object) => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--input-type=module',
        '-e',
        platform,
        JSON.stringify({ ...shown, ...changes }),
      ])
      return JSON.parse(stdout) as { isAgent: boolean; status: string; score: number }
    }
    const seen = await run({})
    assert.deepEqual([seen.isAgent, seen.status], [true, 'rated'])
    // A record was built by trading: what nobody knew is above the middle of the scale now.
    assert.ok(seen.score > 500)
    const stranger = await run({ did: cheap.identity.did })
    assert.deepEqual([stranger.isAgent, stranger.status, stranger.score], [false, 'unrated', null])
    await assert.rejects(run({ oracle: did }))
  } finally {
    server.close()
  }
})
