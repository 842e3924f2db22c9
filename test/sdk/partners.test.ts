import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Agent } from '../../sdk/src/discovery/discover.ts'
import { createPartners } from '../../sdk/src/partners.ts'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'

const url = 'https://seller.example'
const agent = { did: 'did:key:one' } as Agent

function partnersOf(pair?: { minTransactions: number }) {
  const clock = createManualClock(1_800_000_000)
  return { clock, partners: createPartners(pair, clock) }
}

test('a seller is a partner after so many trades, each counted once, for ten minutes a card', () => {
  const { clock, partners } = partnersOf({ minTransactions: 2 })
  partners.meet(url, agent)
  for (const trade of ['a', 'a']) partners.count(url, trade, true)
  assert.equal(partners.find(url), undefined)
  partners.count(url, 'b', true)
  assert.equal(partners.find(url), agent)
  clock.set(clock.now() + 599)
  assert.equal(partners.find(url), agent)
  clock.set(clock.now() + 1)
  assert.equal(partners.find(url), undefined)
  partners.meet(url, agent)
  assert.equal(partners.find(url), agent)
})

test('what was not paid in full, and another identity under the same address, begin anew', () => {
  const { partners } = partnersOf({ minTransactions: 1 })
  partners.meet(url, agent)
  partners.count(url, 'a', true)
  partners.meet(url, { did: 'did:key:two' } as Agent)
  assert.equal(partners.find(url), undefined)
  partners.count(url, 'b', true)
  assert.equal(partners.find(url)?.did, 'did:key:two')
  partners.count(url, 'c', false)
  partners.count(url, 'd', true)
  assert.equal(partners.find(url), undefined)
})

test('without the buyer’s word nobody is a partner', () => {
  const { partners } = partnersOf()
  partners.meet(url, agent)
  for (const trade of ['a', 'b', 'c']) partners.count(url, trade, true)
  assert.equal(partners.find(url), undefined)
})
