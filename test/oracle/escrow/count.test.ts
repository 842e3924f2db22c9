import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counts, isListed } from '../../../oracle/src/escrow/count.ts'
import type { EscrowState } from '../../../oracle/src/escrow/state.ts'

const at = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(20)}` as `0x${string}`
const counting = { arbiters: [at(0xaa)], feeRecipients: [at(0xbb)], minProtocolFeeBps: 50 }
const amount = 500_000_000n

/** An escrow of 500 USDC that was released in full, but for what is named. */
function ended({
  terms = {},
  clauses = {},
  ending = {},
  fundedAt = 999,
}: {
  terms?: object
  clauses?: object
  ending?: object | null
  fundedAt?: number
} = {}) {
  return {
    terms: { amount, arbiter: at(0xaa), feeRecipient: at(0xbb), ...terms },
    clauses: { protocolFeeBps: 50, fundBy: 1000, ...clauses },
    fundedAt,
    ending: ending && { how: 'released', sellerBps: 10_000, protocolFee: 2_500_000n, ...ending },
  } as unknown as EscrowState
}

test('[W-51] an end counts by listed arbiter, listed fee recipient, a fee not below the published one that was paid, and a funding in time', () => {
  assert.equal(counts(ended(), counting), true)
  // Addresses are numbers: how they are written says nothing.
  const written = at(0xaa).toUpperCase().replace('0X', '0x')
  assert.equal(counts(ended({ terms: { arbiter: written } }), counting), true)
  const others: Record<string, Parameters<typeof ended>[0]> = {
    'an arbiter of its own': { terms: { arbiter: at(0xcc) } },
    'the fee to a friend': { terms: { feeRecipient: at(0xcc) } },
    'no fee': { clauses: { protocolFeeBps: 0 }, ending: { protocolFee: 0n } },
    'a fee below the published one': { clauses: { protocolFeeBps: 49 } },
    'a base unit of the fee unpaid': { ending: { protocolFee: 2_499_999n } },
    'funded at the second of fundBy': { fundedAt: 1000 },
    'moved to other terms': { ending: { how: 'amended' } },
    'no end yet': { ending: null },
  }
  for (const [name, change] of Object.entries(others)) {
    assert.equal(counts(ended(change), counting), false, name)
  }
})

test('the fee is due on what the seller got, and on nothing where it got nothing', () => {
  const split = { how: 'ruled', sellerBps: 6000 }
  assert.equal(counts(ended({ ending: { ...split, protocolFee: 1_500_000n } }), counting), true)
  assert.equal(counts(ended({ ending: { ...split, protocolFee: 1_499_999n } }), counting), false)
  const expired = { how: 'expired', sellerBps: 0, protocolFee: 0n }
  assert.equal(counts(ended({ ending: expired }), counting), true)
  // Before its end it is known whether it can count.
  assert.equal(isListed(ended({ ending: null }), counting), true)
  assert.equal(isListed(ended({ terms: { arbiter: at(0xcc) } }), counting), false)
})
