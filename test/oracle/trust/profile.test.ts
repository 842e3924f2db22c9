import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decode, trustResponseSchema } from '@earnest/sdk/protocol'
import { append } from '../../../oracle/src/store/journal.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { call, createDesk, type Party, party, register } from '../support/world.ts'
import { DAY, livelyEvents, SEEDS, settled } from './market.ts'

const NINE = [
  'accuracy',
  'reliability',
  'safety',
  'security',
  'selfAudit',
  'latency',
  'scopeHonesty',
  'costEfficiency',
  'bondScore',
] as const

let desk: Awaited<ReturnType<typeof createDesk>>
/** Five sellers of one capability, best record first. */
const sellers: Party[] = [101, 102, 103, 104, 105].map(party)
const didOf = ({ identity }: Party) => identity.did

before(async () => {
  desk = await createDesk({ seeds: SEEDS })
  await register(desk, desk.buyer)
  for (const seller of sellers) await register(desk, seller, 'rare_skill')
  const events: TrustEvent[] = livelyEvents(200)
  const start = desk.clock.now() - DAY
  for (const [rank, seller] of sellers.entries()) {
    for (let trade = 0; trade < 25 - 5 * rank; trade++) {
      const buyer = `p${(rank * 25 + trade) % 200}`
      const facts = {
        fundedAt: start - 600,
        deliveredAt: start,
        deliverBy: start + 3_600,
        passed: 1,
        selfAudit: 1,
        agreedPrice: 50_000_000n,
        listPrice: 50_000_000n,
        runtimeAsAgreed: true,
      }
      events.push(
        settled({
          buyer,
          seller: didOf(seller),
          at: start + trade * 60,
          capability: 'rare_skill',
          facts,
        }),
      )
    }
  }
  events.push({
    kind: 'bond',
    agent: didOf(sellers[0] as Party),
    at: start,
    staked: 500_000_000n,
    free: 500_000_000n,
  })
  await learn(events, start)
})
after(() => desk?.close())

async function learn(events: readonly TrustEvent[], at: number): Promise<void> {
  const entries = events.map((fact) => ({
    action: 'tested',
    subject: 'market',
    at,
    data: {},
    fact,
  }))
  await desk.oracle.db.transaction().execute((tx) => append(tx, desk.oracle.signer, entries))
  desk.oracle.bell.ring()
}

const read = async (did: string, query = '') => {
  const response = await desk.app.request(`/api/v1/trust/${encodeURIComponent(did)}${query}`)
  return decode(trustResponseSchema, await response.json(), 'invalid_trust')
}

test('[ORC-04] [W-41] all nine named dimensions are there on 0 to 100, the composite on 0 to 1000', async () => {
  const answer = await read(didOf(sellers[0] as Party))
  for (const name of NINE) {
    const value = answer.scoreBreakdown[name]
    assert.equal(typeof value, 'number', name)
    assert.ok((value as number) >= 0 && (value as number) <= 100, name)
  }
  assert.equal(answer.scoreBreakdown.bondScore, 100)
  // A scale of 1000 is not one of 100: what is 70 of 100 there is above 700 here.
  assert.ok((answer.compositeScore as number) > 100 && (answer.compositeScore as number) <= 1_000)
})

test('[ORC-10] only a signed act of the agent moves its last activity, not being asked about', async () => {
  const [seller] = sellers as [Party]
  const did = didOf(seller)
  const before = (await read(did)).lastActiveAt
  desk.clock.set(desk.clock.now() + 500)
  await read(did, '?nonce=one')
  const path = `/api/v1/agents/${encodeURIComponent(did)}/heartbeats`
  const beat = {
    at: new Date(desk.clock.now() * 1_000).toISOString().replace('.000', ''),
    escrowIds: [],
  }
  await call(desk, { by: seller, method: 'POST', path, body: beat })
  assert.equal((await read(did, '?nonce=two')).lastActiveAt, before)
  await register(desk, seller, 'rare_skill')
  assert.equal((await read(did, '?nonce=three')).lastActiveAt, desk.clock.now())
})

test('[DIS-18] a search over a thousand agents ranks the profiles of the five sellers of a skill', async () => {
  const { registration } = await desk.oracle.db
    .selectFrom('agent')
    .select('registration')
    .where('did', '=', didOf(desk.buyer))
    .executeTakeFirstOrThrow()
  const crowd = Array.from({ length: 1_000 }, (_, i) => ({
    did: `did:key:z6MkCrowd${i}`,
    wallet: `0x${i.toString(16).padStart(40, '0')}`,
    registration,
    keys: null,
    key_log: null,
    capabilities: ['common_skill'],
    status: 'active' as const,
    registered_at: desk.clock.now(),
    active_at: desk.clock.now(),
    heartbeat_at: null,
    silent: false,
  }))
  await desk.oracle.db.insertInto('agent').values(crowd).execute()
  const response = await desk.app.request('/api/v1/agents?capability=rare_skill&limit=5')
  assert.equal(response.status, 200)
  const { agents } = (await response.json()) as {
    agents: {
      did: string
      trust: { compositeScore: number | null; bondTier: number; pacts: { capability: string }[] }
    }[]
  }
  assert.deepEqual(agents.map(({ did }) => did).sort(), sellers.map(didOf).sort())
  // Best first: the score, and ten points for each bond tier.
  const places = agents.map(({ trust }) => (trust.compositeScore as number) + 10 * trust.bondTier)
  assert.deepEqual(
    places,
    places.toSorted((left, right) => right - left),
  )
  assert.ok((places[0] as number) > (places[4] as number))
  for (const { trust } of agents) {
    assert.deepEqual(
      trust.pacts.map(({ capability }) => capability),
      ['rare_skill'],
    )
  }
})

test('[ORC-17] the rate of one capability is asked for by name, beside that of all', async () => {
  const did = didOf(sellers[4] as Party)
  const at = desk.clock.now()
  const other = { buyer: 'p190', seller: did, at, capability: 'other_skill' }
  const late = { ending: 'expired', sellerBps: 0, protocolFee: 0n } as const
  await learn([settled(other), settled({ ...other, buyer: 'p191', ...late })], at)
  const of = async (query: string) =>
    (await read(did, query)).pacts.map(({ capability, taskCount, fulfillmentRate }) => [
      capability,
      taskCount,
      fulfillmentRate,
    ])
  assert.deepEqual(await of('?capability=rare_skill'), [['rare_skill', 5, 1]])
  assert.deepEqual(await of('?capability=other_skill'), [['other_skill', 2, 0.5]])
  assert.deepEqual(await of('?capability=unheard_of'), [])
  assert.deepEqual((await of('')).sort(), [
    ['other_skill', 2, 0.5],
    ['rare_skill', 5, 1],
  ])
})

test('[ORC-19] [ORC-20] a buyer’s record and its flag, in the exact words, are there for whoever asks', async () => {
  const did = didOf(desk.buyer)
  const at = desk.clock.now()
  const lost = {
    buyer: did,
    at,
    ending: 'resolved',
    sellerBps: 9_000,
    dispute: { by: 'buyer', awardedBps: 9_000 },
  } as const
  const buyer = async () => {
    const { role, buyer: record, flags } = await read(did, '?role=buyer')
    return { role, record, flags: flags.map(({ reason }) => reason) }
  }
  const disputes = Array.from({ length: 5 }, (_, i) => settled({ ...lost, seller: `p${i}` }))
  await learn([settled({ buyer: did, seller: 'p9', at }), ...disputes.slice(0, 4)], at)
  const record = { completed: 5, disputesFiled: 4, sellerReleaseRate: 0.9 }
  assert.deepEqual(await buyer(), { role: 'buyer', record, flags: [] })
  await learn(disputes.slice(4), at)
  assert.deepEqual(await buyer(), {
    role: 'buyer',
    record: { completed: 6, disputesFiled: 5, sellerReleaseRate: 0.9 },
    flags: [
      "This agent has a history of disputed transactions that resolved in the seller's favor.",
    ],
  })
})
