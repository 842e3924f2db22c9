import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrustModel } from '../../../oracle/src/trust/model.ts'
import { agentIndex } from '../../../oracle/src/trust/state.ts'
import { voucherOf } from '../../../oracle/src/trust/voucher.ts'
import { generator } from './generator.ts'
import { DAY, livelyMarket, START, settled } from './market.ts'

/** The source's example: 47 trades of 50 USDC in 30 days inside one organisation, instant. */
function selfDeal(model: TrustModel, organization: string | null): void {
  for (const agent of ['alpha', 'beta']) {
    if (organization) model.apply({ kind: 'agent', agent, at: START, organization })
  }
  for (let i = 0; i < 47; i++) {
    const at = START + Math.floor((i * 30 * DAY) / 47)
    const facts = { fundedAt: at - 20, deliveredAt: at, deliverBy: at + DAY, passed: 1 }
    model.apply(settled({ buyer: 'alpha', seller: 'beta', at, facts }))
  }
}

const beta = (model: TrustModel) =>
  model.assess({ agent: 'beta', role: 'seller', now: START + 31 * DAY })

function withRecord(): TrustModel {
  const model = livelyMarket(60)
  for (let i = 0; i < 8; i++) {
    model.apply(
      settled({ buyer: `p${i}`, seller: 'beta', at: START - 100 + i, facts: { passed: 1 } }),
    )
  }
  return model
}

/** What the word of a buyer, who burned fees elsewhere, is worth to a seller. */
function voucherWeight(model: TrustModel, buyer: string, seller: string): number {
  model.apply(settled({ buyer, seller: 'p1', at: START }))
  const { state, parameters } = model
  const [from, to] = [buyer, seller].map((agent) => agentIndex(state, agent))
  const { weight, untrusted } = voucherOf(
    state,
    { buyer: from as number, seller: to as number },
    parameters,
  )
  return weight + untrusted
}

describe('self-dealing', () => {
  test('[REP-18] [REP-22] [ATK-06] the source’s example is flagged with all four effects', () => {
    const clean = withRecord()
    const model = withRecord()
    selfDeal(model, 'acme')
    const [flag] = [...model.state.flags.values()]
    assert.equal(flag?.kind, 'inter-org self-dealing')
    assert.deepEqual([...(flag?.agents ?? [])].sort(), ['alpha', 'beta'])
    assert.equal(flag?.rows.length, 47)
    // Excluded contributions restore the prior score.
    const now = { scoreBreakdown: beta(model).scoreBreakdown, evidence: beta(model).evidence }
    const prior = { scoreBreakdown: beta(clean).scoreBreakdown, evidence: beta(clean).evidence }
    assert.deepEqual(now, prior)
    const reviews = model.reviews().map(({ kind, subject }) => `${kind}:${subject}`)
    assert.ok(reviews.includes('organization:acme'))
    assert.ok(reviews.includes('bondTier:alpha') && reviews.includes('bondTier:beta'))
    assert.ok(beta(model).flags.some(({ code }) => code === 'inter_org_self_dealing'))
    assert.equal(beta(model).costToFake100, null)
  })

  test('[REP-19] an organisation that nobody states shows in the money: a master funds its creature', () => {
    const model = livelyMarket(60)
    // The buyer states an organisation of its own; its purse is the seller's wallet.
    model.apply({ kind: 'agent', agent: 'puppet', at: START, organization: 'puppets' })
    model.apply({ kind: 'agent', agent: 'puppet', at: START, wallet: '0x01', funder: '0x02' })
    model.apply({ kind: 'agent', agent: 'master', at: START, organization: 'masters' })
    const independent = voucherWeight(model, 'puppet', 'master')
    model.apply({ kind: 'agent', agent: 'master', at: START, wallet: '0x02' })
    assert.ok(independent > 0)
    assert.equal(voucherWeight(model, 'puppet', 'master'), 0)
    for (let i = 0; i < 25; i++) {
      const at = START + i * DAY
      const amount = BigInt(20 + ((i * 37) % 90)) * 1_000_000n
      model.apply(settled({ buyer: 'puppet', seller: 'master', at, amount }))
    }
    const [flag] = [...model.state.flags.values()]
    assert.deepEqual(flag?.signals.map(({ name }) => name).sort(), ['frequency', 'funding'])
    // It was a mistake: an exchange funds many, and nobody is anybody's for that.
    model.apply({ kind: 'agent', agent: 'puppet', at: START + 30 * DAY, funder: null })
    const { parent } = model.state.clusters
    const [a, b] = ['puppet', 'master'].map((agent) => model.state.indexOf.get(agent) as number)
    assert.notEqual(parent[a as number], parent[b as number])
  })

  test('[REP-18] a legitimate busy pair of different organisations with varied values is not flagged', () => {
    const model = livelyMarket(60)
    const random = generator(2)
    for (const [agent, organization] of [
      ['buyer', 'one'],
      ['seller', 'two'],
    ] as const) {
      model.apply({ kind: 'agent', agent, at: START, organization })
    }
    for (let i = 0; i < 60; i++) {
      const at = START + i * 40_000
      const amount = BigInt(Math.round((10 + 200 * random()) * 1_000_000))
      const facts = { fundedAt: at - 5_000 }
      model.apply(settled({ buyer: 'buyer', seller: 'seller', at, amount, facts }))
      model.apply(settled({ buyer: `p${i % 60}`, seller: 'seller', at: at + 60, amount }))
    }
    assert.equal(model.state.flags.size, 0)
  })

  test('[REP-19] a hidden organisation is covered by the funding wallet, whoever states what', () => {
    const model = livelyMarket(20)
    for (const agent of ['alpha', 'beta']) {
      model.apply({
        kind: 'agent',
        agent,
        at: START,
        organization: `org-of-${agent}`,
        funder: '0xsame',
      })
    }
    selfDeal(model, null)
    const [flag] = [...model.state.flags.values()]
    assert.deepEqual(flag?.signals.map(({ name }) => name).includes('funding'), true)
    assert.equal(flag?.kind, 'self-dealing')
  })

  test('[REP-20] uniform amounts count unless they are the seller’s own price', () => {
    const flagged = (listPrice: bigint | undefined) => {
      const model = livelyMarket(20)
      for (let i = 0; i < 24; i++) {
        // To and fro, so that the positions net to zero; slow, so that only the amounts are odd.
        const [buyer, seller] = i % 2 ? ['x', 'y'] : ['y', 'x']
        const at = START + i * 3 * DAY
        const facts = { fundedAt: at - 5_000, ...(listPrice ? { listPrice } : {}) }
        model.apply(settled({ buyer, seller, at, facts }))
      }
      return model.state.flags.size > 0
    }
    assert.equal(flagged(undefined), true)
    assert.equal(flagged(50_000_000n), false)
  })

  test('[REP-21] instant completion without a dispute is one signal, and one is not enough', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 40; i++) {
      const at = START + i * 3_600
      model.apply(settled({ buyer: `p${i % 2}`, seller: 'quick', at, facts: { fundedAt: at - 3 } }))
    }
    assert.equal(model.state.flags.size, 0)
    const closed = livelyMarket(60)
    const random = generator(9)
    for (let i = 0; i < 24; i++) {
      const at = START + i * 3 * DAY
      const amount = BigInt(Math.round((50 + 4 * random()) * 1_000_000))
      const [buyer, seller] = i % 2 ? ['x', 'y'] : ['y', 'x']
      closed.apply(settled({ buyer, seller, at, amount, facts: { fundedAt: at - 3 } }))
    }
    const [flag] = [...closed.state.flags.values()]
    assert.ok(flag?.signals.some(({ name }) => name === 'instant'))
  })

  test('reciprocity and cycles alone never flag', () => {
    const model = livelyMarket(60)
    const random = generator(4)
    const friends = ['f0', 'f1', 'f2']
    for (let i = 0; i < 30; i++) {
      const at = START + i * 2 * DAY
      const amount = BigInt(Math.round((20 + 100 * random()) * 1_000_000))
      const facts = { fundedAt: at - 9_000 }
      const [buyer, seller] = [friends[i % 3]!, friends[(i + 1) % 3]!]
      model.apply(settled({ buyer, seller, at, amount, facts }))
    }
    assert.equal(model.state.flags.size, 0)
  })

  test('[REP-23] every trade is looked at, and the nightly full pass finds the same', () => {
    const model = livelyMarket(60)
    for (const agent of ['alpha', 'beta']) {
      model.apply({ kind: 'agent', agent, at: START, organization: 'acme' })
    }
    let raisedAt = -1
    for (let i = 0; i < 47; i++) {
      const at = START + Math.floor((i * 30 * DAY) / 47)
      const { flags } = model.apply(
        settled({ buyer: 'alpha', seller: 'beta', at, facts: { fundedAt: at - 20 } }),
      )
      if (flags.length > 0 && raisedAt < 0) raisedAt = i
    }
    assert.ok(raisedAt >= 9 && raisedAt < 20)
    assert.deepEqual(model.sweep(START + 30 * DAY), [...model.state.flags.keys()].sort())
  })

  test('an appeal that is upheld gives every trade back and closes the reviews', () => {
    const model = withRecord()
    selfDeal(model, 'acme')
    const flagged = beta(model)
    const [flagId] = [...model.state.flags.keys()]
    model.apply({ kind: 'appeal', flagId: flagId!, at: START + 31 * DAY, upheld: false })
    assert.equal(beta(model).tasksCompleted90d, flagged.tasksCompleted90d)
    model.apply({ kind: 'appeal', flagId: flagId!, at: START + 31 * DAY, upheld: true })
    assert.equal(beta(model).tasksCompleted90d, flagged.tasksCompleted90d + 47)
    assert.deepEqual(beta(model).flags, [])
    assert.ok(model.reviews().every(({ status }) => status === 'closed'))
  })
})

describe('rings', () => {
  test('[TAP-01] a clique of 100 sybils that vouches for a seller gains less than one trade', () => {
    const model = livelyMarket(60)
    const seller = () =>
      model.assess({ agent: 'target', role: 'seller', now: START + 10 * DAY }).evidence
    // The target pays every sybil first, so that whatever trust it has flows to them.
    for (let i = 0; i < 6; i++)
      model.apply(settled({ buyer: `p${i}`, seller: 'target', at: START + i }))
    const before = seller()
    for (let i = 0; i < 100; i++) {
      model.apply(settled({ buyer: 'target', seller: `s${i}`, at: START + 100 + i }))
    }
    for (let i = 0; i < 300; i++) {
      const buyer = `s${i % 100}`
      model.apply(settled({ buyer, seller: `s${(i * 7 + 1) % 100}`, at: START + 1_000 + i }))
    }
    for (let i = 0; i < 100; i++) {
      model.apply(settled({ buyer: `s${i}`, seller: 'target', at: START + 2_000 + i }))
    }
    assert.ok(seller() - before < 1)
  })

  test('agents of one organisation have one voice outside and none among themselves', () => {
    const model = livelyMarket(60)
    for (let i = 0; i < 20; i++) {
      model.apply({ kind: 'agent', agent: `p${i}`, at: START, organization: 'acme' })
    }
    for (let i = 0; i < 20; i++) {
      model.apply(settled({ buyer: `p${i}`, seller: 'outside', at: START + i }))
      model.apply(settled({ buyer: `p${i}`, seller: 'p0', at: START + i }))
    }
    const evidence = (agent: string) =>
      model.forecast({ seller: agent, at: START + 60 }).posterior.successes
    assert.ok(evidence('outside') <= 2 + 3)
    const inside = model.assess({ agent: 'p0', role: 'seller', now: START + 60 })
    assert.ok(inside.evidence < 4)
  })
})
