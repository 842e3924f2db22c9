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

test('of many sellers the latest met are remembered', () => {
  const { partners } = partnersOf({ minTransactions: 1 })
  const urlOf = (n: number) => `https://${n}.example`
  for (let n = 0; n <= 256; n++) {
    partners.meet(urlOf(n), agent)
    partners.count(urlOf(n), 'a', true)
    // One that is met again is not the oldest any more.
    if (n === 255) partners.meet(urlOf(0), agent)
  }
  assert.equal(partners.find(urlOf(1)), undefined)
  for (const n of [0, 2, 256]) assert.equal(partners.find(urlOf(n)), agent)
})
