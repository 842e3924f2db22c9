import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrustModel } from '../../../oracle/src/trust/model.ts'
import { livelyMarket, START, settled } from './market.ts'

const reasons = (model: TrustModel, member: string, party: string) =>
  model.ties(member, party).map(({ reason }) => reason)
/** Somebody who has traded with nobody yet. */
const joins = (model: TrustModel, agent: string, organization?: string) =>
  model.apply({ kind: 'agent', agent, at: START, ...(organization && { organization }) })
const trade = (model: TrustModel, buyer: string, seller: string, changes = {}) =>
  model.apply(settled({ buyer, seller, at: START + 10, ...changes }))

describe('ties of a member to a party', () => {
  test('[TAP-02] members of one organisation are tied, those of two or of none are not', () => {
    const model = livelyMarket(12)
    joins(model, 'judge', 'acme')
    joins(model, 'party', 'acme')
    joins(model, 'rival', 'globex')
    for (const agent of ['loner', 'hermit']) joins(model, agent)
    assert.deepEqual(reasons(model, 'judge', 'party'), ['same_organisation'])
    assert.deepEqual(reasons(model, 'party', 'judge'), ['same_organisation'])
    assert.deepEqual(reasons(model, 'judge', 'rival'), [])
    assert.deepEqual(reasons(model, 'loner', 'hermit'), [])
    assert.deepEqual(reasons(model, 'judge', 'never-seen'), [])
  })

  test('[TAP-02] whoever vouched for a party, or was vouched for by it, is tied; a trade that was not paid vouches for nobody', () => {
    const model = livelyMarket(12)
    for (const agent of ['judge', 'party', 'stranger']) joins(model, agent)
    trade(model, 'party', 'judge', { ending: 'refunded', sellerBps: 0, protocolFee: 0n })
    assert.deepEqual(reasons(model, 'judge', 'party'), [])
    trade(model, 'judge', 'stranger')
    assert.deepEqual(reasons(model, 'judge', 'party'), [])
    // p1 bought from the seeds, so its word weighs something.
    trade(model, 'p1', 'judge')
    assert.deepEqual(reasons(model, 'judge', 'p1'), ['direct_voucher'])
    assert.deepEqual(reasons(model, 'p1', 'judge'), ['direct_voucher'])
  })

  test('[TAP-02] five trades with each other, in either direction and however they ended, make a frequent counterparty', () => {
    const model = livelyMarket(12)
    for (const agent of ['judge', 'party']) joins(model, agent)
    const failed = { ending: 'refunded', sellerBps: 0, protocolFee: 0n }
    for (let i = 0; i < 4; i++) {
      const [buyer, seller] = i % 2 === 0 ? ['judge', 'party'] : ['party', 'judge']
      trade(model, buyer as string, seller as string, failed)
    }
    assert.deepEqual(reasons(model, 'judge', 'party'), [])
    trade(model, 'judge', 'party', failed)
    assert.deepEqual(reasons(model, 'judge', 'party'), ['frequent_counterparty'])
    assert.deepEqual(reasons(model, 'party', 'judge'), ['frequent_counterparty'])
  })
})

describe('standing of a member in a domain', () => {
  test('[TAP-21] only trades of the domain that it sold and that count are counted', () => {
    const model = livelyMarket(16)
    const standing = (capability: string) =>
      model.standing({ agent: 'judge', capability, now: START + 100 })
    assert.deepEqual(standing('dcf_modeling'), { trades: 0, weight: 0, organization: null })
    for (let i = 0; i < 4; i++) trade(model, `p${i}`, 'judge')
    for (let i = 4; i < 13; i++) trade(model, `p${i}`, 'judge', { capability: 'translation' })
    // What it bought says nothing of what it can do.
    for (let i = 0; i < 9; i++) trade(model, 'judge', `p${i}`)
    assert.equal(standing('dcf_modeling').trades, 4)
    assert.equal(standing('translation').trades, 9)
    assert.deepEqual(standing('poetry'), { trades: 0, weight: 0, organization: null })
    trade(model, 'p13', 'judge')
    assert.equal(standing('dcf_modeling').trades, 5)
    assert.ok(standing('dcf_modeling').weight > 0)
    assert.ok(standing('dcf_modeling').weight <= 1000)

    // Trades with buyers that nobody knows give no weight, and without weight nobody is drawn.
    for (let i = 0; i < 9; i++) trade(model, `sock-${i}`, 'sham')
    const sham = model.standing({ agent: 'sham', capability: 'dcf_modeling', now: START + 100 })
    assert.equal(sham.weight, 0)
  })
})
