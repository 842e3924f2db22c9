import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { append } from '../../../oracle/src/store/journal.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import type { TrustModel } from '../../../oracle/src/trust/model.ts'
import { createDesk, pactOf, problemOf, register, registrationOf, send } from '../support/world.ts'
import { DAY, livelyMarket, START, settled } from './market.ts'

const missed = (seller: string, at: number): TrustEvent =>
  settled({ buyer: 'p1', seller, at, ending: 'expired', sellerBps: 0, protocolFee: 0n })

const rungOf = (model: TrustModel, agent: string, now: number) =>
  model.sanction({ agent, now }).rung

/** Twenty-five trades within a month of a stranger that states the same organisation. */
function accuse(model: TrustModel, buyer: string, seller: string): void {
  for (let i = 0; i < 25; i++) {
    const amount = BigInt(20 + ((i * 37) % 90)) * 1_000_000n
    model.apply(settled({ buyer, seller, at: START + i * DAY, amount }))
  }
}

describe('sanctions ladder', () => {
  test('[UNS-10] every rung follows from the log, and time takes it down again', () => {
    const model = livelyMarket(30)
    const rungs: string[] = []
    for (let i = 0; i < 6; i++) {
      model.apply(missed('late', START + i * DAY))
      rungs.push(rungOf(model, 'late', START + i * DAY))
    }
    assert.deepEqual(rungs, ['notice', 'notice', 'limited', 'limited', 'limited', 'suspended'])
    const at = (days: number) => rungOf(model, 'late', START + days * DAY)
    assert.deepEqual(
      [at(90), at(91), at(93), at(94), at(96)],
      ['suspended', 'limited', 'limited', 'notice', 'none'],
    )
    assert.equal(rungOf(model, 'nobody', START), 'none')
  })

  test('[UNS-10] what is limited answers with its bond, what is suspended begins nothing', () => {
    const model = livelyMarket(30)
    const now = START + DAY
    for (let i = 0; i < 3; i++) model.apply(missed('late', START + i))
    assert.equal(model.exposure({ agent: 'late', now }).limit, 0n)
    model.apply({ kind: 'bond', agent: 'late', at: START, staked: 900n, free: 700n })
    assert.equal(model.exposure({ agent: 'late', now }).limit, 700n)
    const flags = () =>
      model.assess({ agent: 'late', role: 'seller', now }).flags.map(({ code }) => code)
    assert.ok(flags().includes('sanction_limited'))
    assert.ok(model.discoverability({ agent: 'late', now }) >= 0)
    for (let i = 3; i < 6; i++) model.apply(missed('late', START + i))
    assert.ok(flags().includes('sanction_suspended'))
    assert.ok(model.discoverability({ agent: 'late', now }) < 0)
    const query = { buyer: 'p1', seller: 'late', capability: 'dcf_modeling', at: now }
    const { acceptable, warnings } = model.quote({ ...query, amount: 1n, openExposure: 0n })
    assert.equal(acceptable, false)
    assert.ok(warnings.includes('seller_suspended'))
  })

  test('[UNS-10] [REP-19] who states a stranger’s organisation accuses itself alone', () => {
    const model = livelyMarket(60)
    model.apply({ kind: 'agent', agent: 'victim', at: START, organization: 'acme' })
    for (const one of ['spoofer-1', 'spoofer-2']) {
      model.apply({ kind: 'agent', agent: one, at: START, organization: 'acme' })
      accuse(model, one, 'victim')
    }
    const now = START + 26 * DAY
    assert.equal(model.flags('victim').length, 2)
    assert.equal(rungOf(model, 'victim', now), 'none')
    assert.equal(rungOf(model, 'spoofer-1', now), 'limited')
    // Money is another matter.
    const origin = livelyMarket(60)
    origin.apply({ kind: 'agent', agent: 'seller', at: START, wallet: '0x01' })
    origin.apply({ kind: 'agent', agent: 'puppet', at: START, funder: '0x01' })
    accuse(origin, 'puppet', 'seller')
    assert.equal(rungOf(origin, 'seller', now), 'limited')
  })

  test('[UNS-10] who sends a stranger its first dollar and buys from it sanctions itself alone', () => {
    const model = livelyMarket(60)
    const purse = '0x66'
    for (const agent of ['victim', 'framer-1', 'framer-2']) {
      model.apply({ kind: 'agent', agent, at: START, funder: purse })
    }
    for (const one of ['framer-1', 'framer-2']) accuse(model, one, 'victim')
    const now = START + 26 * DAY
    assert.equal(model.flags('victim').length, 2)
    assert.ok(model.flags('victim').every(({ signals }) => signals[1]?.name === 'funding'))
    assert.equal(rungOf(model, 'victim', now), 'none')
    assert.equal(rungOf(model, 'framer-1', now), 'limited')
  })

  test('[UNS-10] a ring that buys from a stranger twice each does not draw it in', () => {
    const model = livelyMarket(60)
    const ring = Array.from({ length: 12 }, (_, i) => `ring-${i}`)
    const trade = (buyer: string, seller: string, at: number) =>
      model.apply(settled({ buyer, seller, at, amount: 5_000_000n }))
    for (const agent of ring) model.apply({ kind: 'agent', agent, at: START, funder: '0x66' })
    for (let at = 0; at < 24; at++) {
      for (const [i, buyer] of ring.entries()) {
        if (at < 2) trade(buyer, 'victim', START + at * 3600 + i)
        trade(buyer, ring[(i + 1 + (at % 11)) % 12] as string, START + at * 3600 + 60 * i)
      }
    }
    const now = START + 2 * DAY
    assert.ok(model.flags('victim').length > 0, 'the trades with it do not count')
    assert.equal(rungOf(model, 'victim', now), 'none')
    assert.equal(rungOf(model, 'ring-0', now), 'limited')
  })

  test('[UNS-10] [ATK-06] an appeal that is upheld takes the sanction back with its flag', () => {
    const model = livelyMarket(60)
    for (const agent of ['alpha', 'beta']) {
      model.apply({ kind: 'agent', agent, at: START, funder: '0x07' })
    }
    accuse(model, 'alpha', 'beta')
    const now = START + 26 * DAY
    const [flag] = model.flags('alpha')
    assert.equal(rungOf(model, 'alpha', now), 'limited')
    model.apply({ kind: 'appeal', flagId: flag?.flagId ?? '', at: now, upheld: false })
    assert.equal(rungOf(model, 'alpha', now), 'limited')
    model.apply({ kind: 'appeal', flagId: flag?.flagId ?? '', at: now, upheld: true })
    assert.equal(rungOf(model, 'alpha', now), 'none')
  })

  test('[UNS-10] two grave incidents suspend, and withdrawing one limits', () => {
    const model = livelyMarket(30)
    const incident = (incidentId: string, severity: number): TrustEvent => ({
      kind: 'incident',
      incidentId,
      agent: 'harmful',
      at: START,
      class: 'security',
      severity,
      reason: 'A key was leaked',
    })
    model.apply(incident('small', 0.4))
    assert.equal(rungOf(model, 'harmful', START), 'none')
    model.apply(incident('a', 1))
    assert.equal(rungOf(model, 'harmful', START), 'limited')
    model.apply(incident('b', 0.5))
    assert.equal(rungOf(model, 'harmful', START), 'suspended')
    model.apply(incident('b', 0))
    assert.equal(rungOf(model, 'harmful', START), 'limited')
  })

  test('[UNS-10] a suspended seller registers no pact and is not in the search', async () => {
    const desk = await createDesk()
    try {
      await register(desk, desk.buyer)
      await register(desk, desk.seller)
      const { did } = desk.seller.identity
      const propose = () =>
        send(desk, {
          by: desk.buyer,
          method: 'POST',
          path: '/api/v1/pacts',
          body: registrationOf(desk, pactOf(desk)),
        })
      const found = async () => {
        const response = await desk.app.request('/api/v1/agents?capability=financial_analysis')
        const { agents } = (await response.json()) as { agents: { did: string }[] }
        return agents.some((agent) => agent.did === did)
      }
      assert.deepEqual([(await propose()).status, await found()], [201, true])
      const at = desk.clock.now()
      await desk.oracle.db.transaction().execute((tx) =>
        append(
          tx,
          desk.oracle.signer,
          [1, 2, 3, 4, 5, 6].map((n) => ({
            action: 'tested',
            subject: did,
            at,
            data: {},
            fact: missed(did, at - n),
          })),
        ),
      )
      assert.deepEqual(await problemOf(await propose()), [403, 'agent_suspended'])
      assert.equal(await found(), false)
      desk.clock.set(at + 91 * DAY)
      assert.deepEqual([(await propose()).status, await found()], [201, true])
    } finally {
      await desk.close()
    }
  })
})
