import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  areWindowsLegal,
  decodePact,
  escrowIdOfPact,
  hashPact,
  type Profile,
  termsFromPact,
  unpackClauses,
  type Windows,
  windowsOf,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { samplePactWire } from '../support/pact.ts'

const [minute, hour, day] = [60, 3600, 86_400]
const usd = 1_000_000n

const golden: [Profile, bigint, Windows][] = [
  [
    'micro',
    1n * usd,
    { review: 2 * minute, response: 2 * minute, negotiation: minute, arbitration: 10 * minute },
  ],
  [
    'agent',
    100n * usd - 1n,
    { review: hour, response: day, negotiation: day, arbitration: 3 * day },
  ],
  [
    'agent',
    100n * usd,
    { review: 12 * hour, response: day, negotiation: day, arbitration: 3 * day },
  ],
  [
    'agent',
    5000n * usd - 1n,
    { review: 12 * hour, response: day, negotiation: day, arbitration: 3 * day },
  ],
  [
    'agent',
    5000n * usd,
    { review: 3 * day, response: day, negotiation: day, arbitration: 3 * day },
  ],
  [
    'human',
    50n * usd,
    { review: 2 * day, response: 2 * day, negotiation: 2 * day, arbitration: 7 * day },
  ],
]

describe('timing', () => {
  for (const [profile, amount, windows] of golden) {
    test(`[W-40] [UNS-03] ${profile} at ${amount} base units`, () => {
      assert.deepEqual(windowsOf({ profile, amount }), windows)
    })
  }

  test('[W-40] no profile gives a window that the contract refuses', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Profile>('micro', 'agent', 'human'),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        (profile, amount) => assert.equal(areWindowsLegal(windowsOf({ profile, amount })), true),
      ),
    )
  })

  test('[UNS-05] [UNS-06] the window is a signed term: 48 hours for people by default, longer where the pact says so', () => {
    const base = decodePact(samplePactWire)
    const human = windowsOf({ profile: 'human', amount: 50n * usd })
    assert.equal(human.review, 48 * hour)
    for (const review of [72 * hour, 96 * hour, 30 * day]) {
      const longer = {
        ...base,
        timing: { ...base.timing, profile: 'human' as const, windows: { ...human, review } },
      }
      assert.equal(unpackClauses(termsFromPact({ pact: longer }).clauses).reviewWindow, review)
      assert.equal(areWindowsLegal(longer.timing.windows), true)
      // Another window is another pact, and another escrow: both have signed this one.
      const same = { ...longer, timing: { ...longer.timing, windows: human } }
      assert.notEqual(hashPact(longer), hashPact(same))
      assert.notEqual(escrowIdOfPact({ pact: longer }), escrowIdOfPact({ pact: same }))
    }
    assert.equal(areWindowsLegal({ ...human, review: 30 * day + 1 }), false)
  })

  test('only the review may be left out', () => {
    const windows = windowsOf({ profile: 'micro', amount: 0n })
    assert.equal(areWindowsLegal({ ...windows, review: 0 }), true)
    for (const name of ['response', 'negotiation', 'arbitration'] as const) {
      assert.equal(areWindowsLegal({ ...windows, [name]: 0 }), false)
    }
  })
})
