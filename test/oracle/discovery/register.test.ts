import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bindWallet, encode, type KeyEntry, keyEntryBodySchema } from '@earnest/sdk/protocol'
import { watchHeartbeats } from '../../../oracle/src/discovery/heartbeat.ts'
import { keyLog, keyNumber, otherWallet, signEntry, wallet } from '../../protocol/identity.ts'
import { createDesk, type Party, party, problemOf, register, send } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk()
})
after(() => desk?.close())

/** A registration as `send` makes it, with parts exchanged. */
async function attempt(who: Party, change: { wallet?: Party; by?: Party } = {}): Promise<Response> {
  const wallet = change.wallet ?? who
  const binding = await bindWallet({
    identity: who.identity,
    body: {
      did: who.identity.did,
      wallet: wallet.wallet.address,
      chainId: desk.ground.deployment.chainId,
      issuedAt: desk.clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => wallet.wallet.signTypedData(typedData),
  })
  const issued = new Date(desk.clock.now() * 1000).toISOString().replace('.000', '')
  const body = {
    did: who.identity.did,
    name: 'An agent',
    description: 'It does what it says',
    endpoint: 'https://agent.test/a2a',
    capabilities: ['financial_analysis'],
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    binding: {
      ...binding,
      body: {
        ...binding.body,
        wallet: binding.body.wallet.toLowerCase(),
        issuedAt: issued,
      },
    },
  }
  return send(desk, { by: change.by ?? who, method: 'POST', path: '/api/v1/agents', body })
}

test('[DIS-12] DID and wallet belong together for ever', async () => {
  const agent = party(51)
  assert.equal((await attempt(agent)).status, 201)
  assert.equal((await attempt(agent)).status, 201)
  // The same wallet under another DID, the same DID under another wallet.
  const other = party(52)
  assert.deepEqual(await problemOf(await attempt(other, { wallet: agent })), [409, 'did_immutable'])
  assert.deepEqual(await problemOf(await attempt(agent, { wallet: other })), [
    409,
    'wallet_immutable',
  ])
})

test('nobody registers another agent, or with a wallet that did not consent', async () => {
  const agent = party(53)
  assert.deepEqual(await problemOf(await attempt(agent, { by: party(54) })), [
    403,
    'signer_not_agent',
  ])
})

test('[DIS-06] an agent is found by each of its capabilities and by no other', async () => {
  await register(desk, party(55), 'dcf_modeling')
  const find = async (capability: string) => {
    const response = await desk.app.request(`/api/v1/agents?capability=${capability}`)
    const { agents } = (await response.json()) as { agents: { did: string }[] }
    return agents.map(({ did }) => did)
  }
  assert.deepEqual(await find('dcf_modeling'), [party(55).identity.did])
  assert.deepEqual(await find('unheard_of'), [])
})

test('[W-47] a heartbeat or a question is no activity', async () => {
  const agent = party(56)
  await register(desk, agent)
  const path = `/api/v1/agents/${encodeURIComponent(agent.identity.did)}`
  const activity = async () =>
    ((await (await desk.app.request(path)).json()) as { lastActiveAt: string }).lastActiveAt
  const before = await activity()
  desk.clock.set(desk.clock.now() + 1000)
  const at = new Date(desk.clock.now() * 1000).toISOString().replace('.000', '')
  const beat = await send(desk, {
    by: agent,
    method: 'POST',
    path: `${path}/heartbeats`,
    body: { at, escrowIds: [] },
  })
  assert.equal(beat.status, 202)
  await desk.app.request(`/api/v1/trust/${encodeURIComponent(agent.identity.did)}`)
  assert.equal(await activity(), before)
})

test('an agent that was frozen within the same second is not served its kept answer', async () => {
  const agent = party(57)
  await register(desk, agent)
  const { did } = agent.identity
  const status = async () => {
    const response = await desk.app.request(`/api/v1/trust/${encodeURIComponent(did)}`)
    return ((await response.json()) as { status: string }).status
  }
  assert.equal(await status(), 'unrated')
  await desk.oracle.db
    .updateTable('agent')
    .set({ status: 'frozen' })
    .where('did', '=', did)
    .execute()
  desk.oracle.bell.ring()
  assert.equal(await status(), 'frozen')
})

test('[DRV-06] a fork of a key log is an incident of security once, and nobody makes one without the agent’s own keys', async () => {
  const agent = { identity: keyNumber(0), wallet }
  const { did } = agent.identity
  const [first, second] = await keyLog(2)
  assert.ok(first && second)
  await register(desk, agent, 'financial_analysis', { keyLog: [first] })
  const path = `/api/v1/agents/${encodeURIComponent(did)}/keys`
  const show = ({ body, ...signatures }: KeyEntry) =>
    send(desk, {
      // Whoever saw an entry may bring it.
      by: party(58),
      method: 'POST',
      path,
      body: { ...signatures, body: encode(keyEntryBodySchema, body, 'invalid_key_log') },
    })
  const incidents = async () => (await desk.oracle.trust.explain({ id: did })).incidents
  assert.equal((await show(second)).status, 201)
  assert.equal((await show(second)).status, 201)

  const body = { ...second.body, at: second.body.at + 1 }
  const thief = await signEntry(body, { key: keyNumber(9) })
  assert.deepEqual(await problemOf(await show(thief)), [422, 'invalid_key_log'])
  const unheld = await signEntry(body, { key: keyNumber(1), account: otherWallet })
  assert.deepEqual(await problemOf(await show(unheld)), [422, 'invalid_key_log'])
  assert.deepEqual(await incidents(), [])

  const fork = await signEntry(body, { key: keyNumber(1) })
  for (const _ of [1, 2]) {
    const shown = await show(fork)
    assert.equal(((await shown.json()) as { status: string }).status, 'frozen')
  }
  const [incident, ...more] = (await incidents()) as Record<string, unknown>[]
  assert.deepEqual(more, [])
  assert.deepEqual(
    [incident?.incidentId, incident?.class, incident?.severity],
    [`keylog/${did}`, 'security', 1],
  )
  const facts = await desk.oracle.db.selectFrom('fact').select('fact').execute()
  assert.equal(facts.filter(({ fact }) => fact.includes(`keylog/${did}`)).length, 1)
})

test('nobody waits for a silent seller without work: nobody is told', async () => {
  desk.clock.set(desk.clock.now() + 10_000)
  assert.equal(await watchHeartbeats(desk.oracle, 0), 0)
})
