import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decode, isEarnestError, trustResponseSchema, verifyTrust } from '@earnest/sdk/protocol'
import { append } from '../../../oracle/src/store/journal.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { createDesk, party, problemOf, register } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>
const agent = party(34).identity.did

before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk?.close())

const ask = (id: string, query = '') =>
  desk.app.request(`/api/v1/trust/${encodeURIComponent(id)}${query}`)

const read = async (id: string, query = '') =>
  decode(trustResponseSchema, await (await ask(id, query)).json(), 'invalid_trust')

const learn = (fact: TrustEvent) =>
  desk.oracle.db
    .transaction()
    .execute((tx) =>
      append(tx, desk.oracle.signer, [
        { action: 'tested', subject: agent, at: desk.clock.now(), data: {}, fact },
      ]),
    )
    .then(() => desk.oracle.bell.ring())

test('[ORC-01] an id that nobody registered is a problem, never a zero score', async () => {
  const response = await ask(party(99).identity.did)
  assert.deepEqual(await problemOf(response), [404, 'agent_unknown'])
  assert.equal((await ask('nonsense')).status, 404)
})

test('[ORC-01] [ORC-02] [API-01] the bare id and the DID give the same signed answer', async () => {
  const byDid = await read(agent)
  assert.equal(byDid.agentId, agent)
  assert.deepEqual(await read(agent.slice('did:key:'.length)), byDid)
})

test('the answer is signed by the oracle and says until when it holds', async () => {
  const answer = await read(agent)
  const oracle = desk.oracle.signer.did
  verifyTrust(answer, { agent, oracle, now: desk.clock.now() })
  assert.equal(answer.validUntil - answer.asOf, 60)
  assert.throws(
    () => verifyTrust({ ...answer, evidence: 99 }, { agent, oracle, now: desk.clock.now() }),
    (error) => isEarnestError(error, 'trust_unsigned'),
  )
})

test('[ORC-15] a nonce is echoed in a fresh answer, and no answer may be stored', async () => {
  const response = await ask(agent, '?nonce=n-1')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const answer = decode(trustResponseSchema, await response.json(), 'invalid_trust')
  assert.equal(answer.nonce, 'n-1')
  verifyTrust(answer, {
    agent,
    oracle: desk.oracle.signer.did,
    now: desk.clock.now(),
    nonce: 'n-1',
  })
})

test('[W-47] an answer is signed once while nothing changes, and anew after 60 s', async () => {
  const first = await read(agent)
  desk.clock.set(desk.clock.now() + 59)
  desk.oracle.bell.ring()
  assert.equal((await read(agent)).signature, first.signature)
  desk.clock.set(desk.clock.now() + 1)
  desk.oracle.bell.ring()
  assert.notEqual((await read(agent)).signature, first.signature)
})

test('[ORC-07] a bond counts from the next query on', async () => {
  const tier = async () => {
    const { bondTier, bondAmountUsdc } = await read(agent)
    return { bondTier, bondAmountUsdc }
  }
  const bond = (amount: bigint): TrustEvent => ({
    kind: 'bond',
    agent,
    at: desk.clock.now(),
    staked: amount,
    free: amount,
  })
  assert.deepEqual(await tier(), { bondTier: 0, bondAmountUsdc: 0n })
  await learn(bond(5_000_000_000n))
  assert.deepEqual(await tier(), { bondTier: 2, bondAmountUsdc: 5_000_000_000n })
  await learn(bond(500_000_000n))
  assert.deepEqual(await tier(), { bondTier: 1, bondAmountUsdc: 500_000_000n })
})

test('[ORC-12] an incident counts in the next query, and no more after 90 days', async () => {
  const before = await read(agent)
  desk.clock.set(desk.clock.now() + 5)
  await learn({
    kind: 'incident',
    incidentId: 'i-1',
    agent,
    at: desk.clock.now(),
    class: 'harm',
    severity: 1,
    reason: 'It did harm',
  })
  const after = await read(agent)
  assert.equal(after.incidentCount90d, before.incidentCount90d + 1)
  assert.equal(after.scoreUpdatedAt, desk.clock.now())
  desk.clock.set(desk.clock.now() + 90 * 86_400 + 1)
  assert.equal((await read(agent, '?nonce=later')).incidentCount90d, before.incidentCount90d)
})

test('[ORC-14] what an agent says of itself changes nothing of its record', async () => {
  const record = async () => {
    const { asOf, validUntil, signature, lastActiveAt, nonce, eventRoot, scoreUpdatedAt, ...rest } =
      await read(agent, '?nonce=x')
    assert.ok(
      asOf && validUntil && signature && lastActiveAt && nonce && eventRoot && scoreUpdatedAt,
    )
    return rest
  }
  const before = await record()
  await register(desk, desk.seller, 'best_in_the_world')
  assert.deepEqual(await record(), before)
})

test('a quote and an explanation are for registered agents only', async () => {
  const query = (seller: string) =>
    `/api/v1/quote?${new URLSearchParams({ buyer: party(17).identity.did, seller, capability: 'financial_analysis', amount: '50' })}`
  const quote = await desk.app.request(query(agent))
  assert.equal(quote.status, 200)
  assert.equal(((await quote.json()) as { protocolFeeUsdc: string }).protocolFeeUsdc, '0.25')
  assert.equal((await desk.app.request(query(party(99).identity.did))).status, 404)
  assert.equal((await ask(agent, '')).status, 200)
  const explained = await desk.app.request(`/api/v1/trust/${encodeURIComponent(agent)}/explain`)
  assert.equal(explained.status, 200)
})

test('[FEE-03] [FEE-04] a quote for 50,000 USDC says 250 without a dispute and 500 more with one', async () => {
  const { buyer, seller } = desk
  const query = new URLSearchParams({
    buyer: buyer.identity.did,
    seller: seller.identity.did,
    capability: 'financial_analysis',
    amount: '50000',
  })
  const response = await desk.app.request(`/api/v1/quote?${query}`)
  assert.equal(response.status, 200)
  const quote = (await response.json()) as Record<string, unknown>
  assert.equal(quote.protocolFeeUsdc, '250')
  assert.equal(quote.arbitrationFeeUsdc, '500')
  assert.equal(quote.overheadBps, 50)
})
