import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createDesk, party, register } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk()
})
after(() => desk?.close())

test('[PCT-24] an agent of twelve capabilities is found by each of them, and its page shows them all', async () => {
  const agent = party(53)
  const { did } = agent.identity
  const capabilities = Array.from({ length: 12 }, (_, n) => `skill_${n + 1}`)
  await register(desk, agent, undefined, { capabilities })
  await register(desk, party(54), 'skill_1')
  for (const capability of capabilities) {
    const response = await desk.app.request(`/api/v1/agents?capability=${capability}`)
    const { agents } = (await response.json()) as {
      agents: { did: string; capabilities: string[] }[]
    }
    const found = agents.find((each) => each.did === did)
    assert.deepEqual(found?.capabilities, capabilities)
    assert.equal(agents.length, capability === 'skill_1' ? 2 : 1)
    const trust = await desk.app.request(`/api/v1/trust/${did}?capability=${capability}`)
    assert.equal(((await trust.json()) as { capability: string }).capability, capability)
  }
  const none = await desk.app.request('/api/v1/agents?capability=skill_13')
  assert.deepEqual(((await none.json()) as { agents: unknown[] }).agents, [])

  const page = await desk.app.request(`/agents/${did}`, { headers: { accept: 'text/html' } })
  assert.equal(page.status, 200)
  const html = await page.text()
  for (const capability of capabilities) {
    assert.ok(
      html.includes(capability) || html.includes(capability.replaceAll('_', ' ')),
      capability,
    )
  }
})
