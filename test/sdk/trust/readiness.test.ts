import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serve } from '@hono/node-server'
import { READINESS, type ReadinessFacts, trustReadiness } from '../../../sdk/src/trust/readiness.ts'
import { createDesk, register } from '../../oracle/support/world.ts'

const ready = {
  record: {
    did: 'did:key:z1',
    name: 'Valuer',
    description: 'Values companies by discounted cash flows, with scenarios.',
    endpoint: 'https://agent.test/a2a',
    capabilities: ['valuation'],
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    pricing: { perTask: 5n },
    organizationId: 'acme',
    binding: { body: { did: 'did:key:z1' } },
    keyLog: [{}],
    status: 'active',
    lastHeartbeatAt: 999_500,
  },
  answer: {
    status: 'rated',
    lastActiveAt: 999_000,
    idleDecay: 0,
    evidence: 9,
    counterparties: 6,
    effectiveCounterparties: 4,
    fulfillmentRate90d: 0.98,
    incidentCount90d: 0,
    penalties: [],
    flags: [],
    health: { availability: 100 },
    bondTier: 1,
    scoreBreakdown: { accuracy: 80, selfAudit: 75, latency: 70 },
  },
  cardDid: 'did:key:z1',
  now: 1_000_000,
} as unknown as ReadinessFacts

const failing = (facts: ReadinessFacts) =>
  trustReadiness(facts).flatMap(({ id, holds }) => (holds ? [] : [id]))

test('[GOV-12] the checklist has thirty checks, and docs/readiness.md lists each with its remedy', () => {
  assert.equal(READINESS.length, 30)
  assert.equal(new Set(READINESS.map(({ id }) => id)).size, 30)
  const page = readFileSync('docs/readiness.md', 'utf8')
  for (const [index, { title, remedy }] of READINESS.entries()) {
    assert.ok(page.includes(`| ${index + 1} | ${title} | ${remedy} |`), title)
  }
})

test('[GOV-12] each check fails by its own fault and no other', () => {
  assert.deepEqual(failing(ready), [])
  const record = (changes: object) => ({ ...ready, record: { ...ready.record, ...changes } })
  const answer = (changes: object) => ({ ...ready, answer: { ...ready.answer, ...changes } })
  const without = (field: string) => record({ [field]: undefined })
  const breakdown = (changes: object) =>
    answer({ scoreBreakdown: { ...ready.answer.scoreBreakdown, ...changes } })
  const faults: [string, ReadinessFacts][] = [
    ['status', record({ status: 'frozen' })],
    ['binding', record({ binding: { body: { did: 'did:key:z2' } } })],
    ['key_log', without('keyLog')],
    ['name', record({ name: ' x ' })],
    ['description', record({ description: 'It works' })],
    ['https', record({ endpoint: 'http://agent.test' })],
    ['card_did', { ...ready, cardDid: 'did:key:z2' }],
    ['capability', record({ capabilities: [] })],
    ['focus', record({ capabilities: Array.from({ length: 21 }, (_, i) => `c${i}`) })],
    ['input_formats', record({ inputFormats: [] })],
    ['output_formats', record({ outputFormats: [] })],
    ['price_list', without('pricing')],
    ['organisation', without('organizationId')],
    ['heartbeat', record({ lastHeartbeatAt: 999_099 })],
    ['active', answer({ lastActiveAt: null })],
    ['idle', answer({ idleDecay: 1 })],
    ['rated', answer({ status: 'unrated' })],
    ['evidence', answer({ evidence: 4.9 })],
    ['counterparties', answer({ counterparties: 2 })],
    ['independence', answer({ effectiveCounterparties: 2.9 })],
    ['fulfilment', answer({ fulfillmentRate90d: null })],
    ['incidents', answer({ incidentCount90d: 1 })],
    ['penalties', answer({ penalties: [{}] })],
    ['flags', answer({ flags: [{}] })],
    ['availability', answer({ health: { availability: 90 } })],
    ['bond', answer({ bondTier: 0 })],
    ['accuracy', breakdown({ accuracy: null })],
    ['self_audit', breakdown({ selfAudit: 69.9 })],
    ['latency', breakdown({ latency: 69.9 })],
  ]
  for (const [id, facts] of faults) assert.deepEqual(failing(facts as ReadinessFacts), [id])
  assert.deepEqual(failing({ ...ready, cardDid: null }), ['card', 'card_did'])
})

test('[GOV-12] doctor --trust prints the thirty checks of a registered agent', async () => {
  const desk = await createDesk()
  const server = serve({ fetch: desk.app.fetch, port: 0 })
  try {
    await register(desk, desk.seller)
    const address = server.address()
    assert.ok(typeof address === 'object' && address)
    const args = ['--oracle', `http://127.0.0.1:${address.port}`, '--id', desk.seller.identity.did]
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      execFile(process.execPath, ['scripts/doctor.ts', '--trust', ...args], (error, stdout) =>
        resolve({ code: error?.code ?? 0, stdout }),
      )
    })
    assert.equal(code, 1)
    assert.equal(stdout.split('\n').filter((line) => /^ {2}(ok|MEND) {2}/.test(line)).length, 30)
    assert.match(stdout, / {2}ok {4}The agent is active/)
    assert.match(stdout, / {2}MEND {2}It is rated\n {8}Settle trades/)
    assert.match(stdout, /of 30 hold\.\n$/)
  } finally {
    server.close()
    await desk.close()
  }
})
