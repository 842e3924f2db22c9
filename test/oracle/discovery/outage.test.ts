import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Did, formatUtc, hashPact, type Pact, type TrustResponse } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { watchHeartbeats } from '../../../oracle/src/discovery/heartbeat.ts'
import { GRACE, gradeOutages, SILENCE } from '../../../oracle/src/discovery/outage.ts'
import { openStore } from '../../../oracle/src/store/store.ts'
import { createTrust } from '../../../oracle/src/trust/answer.ts'
import { type Server, startServer } from '../../../scripts/local/postgres.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  type Party,
  pactOf,
  party,
  register,
  startGround,
  type World,
} from '../support/world.ts'

const HOUR = 3600

describe('gradeOutages', () => {
  const heartbeat_at = 1_000_000
  const trade = {
    how: 'released',
    fundedAt: heartbeat_at - HOUR,
    deliverBy: heartbeat_at + 100 * HOUR,
    deliveredAt: heartbeat_at + 90 * HOUR,
    endedAt: heartbeat_at + 95 * HOUR,
  }
  const back = (recovered_at: number | null) => [{ heartbeat_at, recovered_at }]

  test('an outage is mended up to the last second of its grace', () => {
    assert.equal(gradeOutages(back(heartbeat_at + GRACE - 1), trade), 'mended')
    assert.equal(gradeOutages(back(heartbeat_at + GRACE), trade), 'lasting')
    assert.equal(gradeOutages([], trade), undefined)
  })

  test('[W-4b] grace ends with the deadline and moves it by nothing', () => {
    const short = { ...trade, deliverBy: heartbeat_at + 6 * HOUR, deliveredAt: null }
    const expired = { ...short, how: 'expired', endedAt: short.deliverBy }
    assert.equal(gradeOutages(back(null), expired), 'lasting')
    assert.equal(gradeOutages(back(short.deliverBy), expired), 'lasting')
    // Back in time and nothing delivered: a missed deadline and no more.
    assert.equal(gradeOutages(back(short.deliverBy - 1), expired), undefined)
  })

  test('a silence from before the funding owes this buyer nothing until it is funded', () => {
    const later = { ...trade, fundedAt: heartbeat_at + 60 * HOUR }
    assert.equal(gradeOutages(back(heartbeat_at + 80 * HOUR), later), 'mended')
  })

  test('a delivery and a refund are signs of life, what the buyer gave away proves nothing', () => {
    const soon = { ...trade, deliveredAt: heartbeat_at + HOUR }
    assert.equal(gradeOutages(back(null), soon), 'mended')
    assert.equal(gradeOutages(back(null), trade), 'lasting')
    const none = { ...trade, deliveredAt: null }
    const refunded = { ...none, how: 'refunded' }
    assert.equal(gradeOutages(back(null), { ...refunded, endedAt: heartbeat_at + 1 }), undefined)
    assert.equal(gradeOutages(back(null), { ...refunded, endedAt: trade.endedAt }), 'lasting')
    for (const how of ['released', 'settled']) {
      assert.equal(gradeOutages(back(null), { ...none, how }), undefined)
    }
  })

  test('the worst of several outages counts', () => {
    const two = [
      { heartbeat_at: heartbeat_at - 1, recovered_at: heartbeat_at },
      { heartbeat_at, recovered_at: heartbeat_at + GRACE + 1 },
    ]
    assert.equal(gradeOutages(two, trade), 'lasting')
  })
})

describe('outage', () => {
  let server: Server
  let ground: Ground
  let first: World
  let second: World
  let byte = 100
  before(async () => {
    server = await startServer()
    const url = await server.database('outage')
    ground = await startGround()
    // Two processes on one database.
    first = await createWorld(ground, { store: await openStore({ url }) })
    second = await createWorld(ground, { store: await openStore({ url }) })
    await register(first, first.buyer)
  })
  after(async () => {
    await first?.close()
    await second?.close()
    await ground?.close()
    await server?.close()
  })

  /** Each test has a seller of its own, which beats once. */
  async function seller(): Promise<{ desk: World; who: Party; did: Did }> {
    const who = party(byte++)
    const desk = { ...first, seller: who }
    await register(desk, who)
    await beat(desk, who)
    return { desk, who, did: who.identity.did }
  }

  const beat = (desk: World, who: Party) =>
    call(desk, {
      by: who,
      method: 'POST',
      path: `/api/v1/agents/${encodeURIComponent(who.identity.did)}/heartbeats`,
      body: { at: formatUtc(desk.oracle.clock.now()), escrowIds: [] },
    })

  async function lock(desk: World, seconds = 7200): Promise<{ pact: Pact; id: Hex }> {
    const pact = pactOf(desk, { deadlineUtc: formatUtc(desk.oracle.clock.now() + seconds) })
    const id = await agree(desk, pact)
    await fund(desk, pact)
    await confirm(desk)
    return { pact, id }
  }

  async function pass(seconds: number): Promise<void> {
    await ground.client.increaseTime({ seconds })
    await ground.client.mine({ blocks: 1 })
    await first.settle()
    await second.syncClock()
  }

  const told = async (type: string, id: Hex) =>
    (
      await first.oracle.db
        .selectFrom('event')
        .select(['agents', 'data'])
        .where('type', '=', type)
        .where('escrow_id', '=', id)
        .execute()
    ).map(({ agents, data }) => ({ agents, data: JSON.parse(data) as Record<string, unknown> }))

  const trustOf = async (did: string) =>
    (await (
      await first.app.request(`/api/v1/trust/${encodeURIComponent(did)}?nonce=${Math.random()}`)
    ).json()) as Record<'penalties' | 'flags', { code: string; points: object }[]> & {
      health: { availability: number }
    }

  async function deliver(desk: World, pact: Pact): Promise<void> {
    const files = { 'result.json': '{"greeting":"hello","name":"world"}' }
    const body = await completionOf(desk, pact, { files })
    await call(desk, { by: desk.seller, method: 'POST', path: '/api/v1/completions', body })
    await desk.settle()
  }

  test('[REP-09] mended within grace and delivered before the deadline costs latency alone', async () => {
    const { desk, who, did } = await seller()
    const { pact, id } = await lock(desk)
    await pass(SILENCE + 60)
    const [unreachable, ...more] = await told('seller_unreachable', id)
    assert.deepEqual(unreachable?.agents, [did, desk.buyer.identity.did])
    assert.deepEqual(more, [])
    assert.deepEqual(
      (await trustOf(did)).flags.map(({ code }) => code),
      ['unreachable'],
    )

    await beat(desk, who)
    const [recovered] = await told('seller_recovered', id)
    assert.deepEqual(recovered?.agents, [did, desk.buyer.identity.did])
    await deliver(desk, pact)
    await pass(HOUR + 60)
    await confirm(desk)
    const { penalties, health, flags } = await trustOf(did)
    assert.deepEqual(
      penalties.map(({ points }) => points),
      [{ latency: 3 }],
    )
    assert.equal(health.availability, 100)
    assert.deepEqual(flags, [])
  })

  test('[REP-09] not recovered at the deadline: the buyer has its money and the seller an availability penalty', async () => {
    const { desk, who, did } = await seller()
    const { pact, id } = await lock(desk)
    await pass(7300)
    await confirm(desk)
    const record = (await (await first.app.request(`/api/v1/pacts/${hashPact(pact)}`)).json()) as {
      status: string
      reason: string
    }
    assert.deepEqual([record.status, record.reason], ['failed', 'deadline_exceeded'])
    // The deadline came in one leap: nobody had noticed the silence before, so it is a missed deadline.
    assert.deepEqual(await told('seller_unreachable', id), [])

    await beat(desk, who)
    const late = await lock(desk)
    await pass(SILENCE + 60)
    assert.equal((await told('seller_unreachable', late.id)).length, 1)
    await pass(7200)
    await confirm(desk)
    const { penalties, health } = await trustOf(did)
    assert.equal(health.availability, 90)
    assert.deepEqual(
      penalties.map(({ points }) => points),
      [{ reliability: 8, latency: 5 }, { reliability: 12, latency: 7.5 }, { availability: 10 }],
    )
    // Who comes back after the deadline closes the outage, and tells nobody who no longer waits.
    await beat(desk, who)
    assert.deepEqual(await told('seller_recovered', late.id), [])
  })

  test('a buyer who funds during the silence is told too, once for each silence', async () => {
    const { desk, who, did } = await seller()
    const early = await lock(desk, 12 * HOUR)
    await pass(SILENCE + 60)
    const late = await lock(desk, 12 * HOUR)
    await pass(60)
    await pass(60)
    for (const { id } of [early, late])
      assert.equal((await told('seller_unreachable', id)).length, 1)
    await beat(desk, who)
    for (const { id } of [early, late]) assert.equal((await told('seller_recovered', id)).length, 1)
    await pass(SILENCE + 60)
    for (const { id } of [early, late])
      assert.equal((await told('seller_unreachable', id)).length, 2)
    assert.equal((await trustOf(did)).flags.length, 1)
  })

  test('two processes that watch and hear at the same moment double nothing and lose nothing', async () => {
    const { desk, who, did } = await seller()
    const { id } = await lock(desk, 12 * HOUR)
    await ground.client.increaseTime({ seconds: SILENCE + 60 })
    await ground.client.mine({ blocks: 1 })
    await first.syncClock()
    await second.syncClock()
    const watch = ({ oracle }: World) => watchHeartbeats(oracle, 0)
    const counts = await Promise.all([first, second, first, second].map(watch))
    assert.equal(
      counts.reduce((sum, n) => sum + n, 0),
      1,
    )
    assert.equal((await told('seller_unreachable', id)).length, 1)

    const other = { ...second, seller: who }
    await Promise.all([beat(desk, who), beat(other, who), watch(first), watch(second)])
    assert.equal((await told('seller_recovered', id)).length, 1)
    const rows = await first.oracle.db
      .selectFrom('outage')
      .selectAll()
      .where('did', '=', did)
      .execute()
    assert.equal(rows.length, 1)
    assert.notEqual(rows[0]?.recovered_at, null)
    assert.deepEqual((await trustOf(did)).flags, [])
  })

  test('an oracle that could not hear blames nobody for its own silence', async () => {
    const { desk } = await seller()
    const { id } = await lock(desk, 12 * HOUR)
    await ground.client.increaseTime({ seconds: 5 * HOUR })
    await ground.client.mine({ blocks: 1 })
    await first.syncClock()
    const now = first.oracle.clock.now()
    assert.equal(await watchHeartbeats(first.oracle, now - SILENCE), 0)
    assert.deepEqual(await told('seller_unreachable', id), [])
    assert.ok((await watchHeartbeats(first.oracle, now - SILENCE - 1)) > 0)
    assert.equal((await told('seller_unreachable', id)).length, 1)
  })

  test('who replays all facts comes to the same answers', async () => {
    const dids = Array.from({ length: byte - 100 }, (_, i) => party(100 + i).identity.did)
    const replayed = createTrust({ ...second.oracle, seeds: [] })
    const read = async (trust: typeof replayed, id: string): Promise<Partial<TrustResponse>> => {
      const {
        asOf: _,
        validUntil: __,
        signature: ___,
        ...answer
      } = await trust.answer({
        id,
        role: 'seller',
        nonce: 'replay',
      })
      return answer
    }
    await first.syncClock()
    await second.syncClock()
    for (const did of dids) {
      assert.deepEqual(await read(replayed, did), await read(first.oracle.trust, did))
    }
  })
})
