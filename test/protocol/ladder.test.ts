import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkLadder,
  decodePact,
  durationOf,
  type Ladder,
  ladderOf,
  NO_LADDER,
  packLadder,
  unpackLadder,
  windowsOf,
} from '@earnest/sdk/protocol'
import { samplePactWire } from '../support/pact.ts'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

const full: Ladder = {
  juryLimit: 0x010203,
  appealWindow: 0x040506,
  committeeLimit: 0x070809,
  moderatorLimit: 0x0a0b0c,
  appealBond: 0x0d0e0f1011121314n,
  pool: 0x15161718,
}
const micro: Ladder = {
  juryLimit: 600,
  appealWindow: 0,
  committeeLimit: 0,
  moderatorLimit: 0,
  appealBond: 0n,
  pool: 0,
}

const { cases } = readVector<{ cases: Record<string, string>[] }>('ladder.json')

const committeeAlone = { juryLimit: 0, moderatorLimit: 0, committeeLimit: 3600, appealWindow: 60 }

describe('ladder', () => {
  for (const { name, word = '', duration, ...fields } of cases) {
    test(`${name}: as the vector has it`, () => {
      const ladder = unpackLadder(word)
      assert.ok(ladder)
      const texts = Object.entries(ladder).map(([key, value]) => [key, String(value)])
      assert.deepEqual(Object.fromEntries(texts), fields)
      assert.equal(String(durationOf(ladder)), duration)
    })
  }

  test('packs as the arbiter lays it out: version, pool, bond, limits, rungs', () => {
    const word = '01000000000000151617180d0e0f10111213140a0b0c07080904050601020307'
    assert.equal(packLadder(full), word)
    assert.deepEqual(unpackLadder(word), full)
  })

  test('a jury alone decides at once', () => {
    assert.deepEqual(unpackLadder(packLadder(micro)), micro)
    assert.equal(durationOf(micro), 600)
  })

  test('zero is no ladder', () => {
    assert.equal(unpackLadder(NO_LADDER), null)
    checkLadder({ ladder: NO_LADDER, window: 60, profile: 'micro' })
  })

  test('a committee without a jury may sit twice', () => {
    const committee = { ...full, ...committeeAlone }
    assert.equal(durationOf(committee), 60 + 2 * 3600)
    assert.equal(durationOf({ ...committee, juryLimit: 100 }), 100 + 60 + 3600)
  })

  test('tiers that do not fit the arbitration window are refused, exactly at the second', () => {
    const ladder = packLadder(micro)
    checkLadder({ ladder, window: 600, profile: 'micro' })
    assertCode(() => checkLadder({ ladder, window: 599, profile: 'micro' }), 'ladder_too_long')
    const wire = { ...samplePactWire, escrow: { ...samplePactWire.escrow, ladder } }
    const timing = (arbitration: number) => ({
      ...samplePactWire.timing,
      windows: { ...samplePactWire.timing.windows, arbitration },
    })
    decodePact({ ...wire, timing: timing(600) })
    assertCode(() => decodePact({ ...wire, timing: timing(599) }), 'ladder_too_long')
  })

  test('minutes are for a jury alone, a moderator is for people', () => {
    const committee = packLadder({ ...full, ...committeeAlone })
    const moderator = packLadder({ ...micro, juryLimit: 0, moderatorLimit: 600 })
    const other = 'ladder_of_other_profile'
    const window = 2_592_000
    assertCode(() => checkLadder({ ladder: committee, window, profile: 'micro' }), other)
    assertCode(() => checkLadder({ ladder: moderator, window, profile: 'micro' }), other)
    assertCode(() => checkLadder({ ladder: moderator, window, profile: 'agent' }), other)
    checkLadder({ ladder: committee, window, profile: 'agent' })
    checkLadder({ ladder: moderator, window, profile: 'human' })
  })

  test('32 bytes of another arbiter pass, ours in another form do not', () => {
    checkLadder({ ladder: `${'00'.repeat(31)}a1`, window: 60, profile: 'micro' })
    checkLadder({ ladder: 'ff'.repeat(32), window: 60, profile: 'micro' })
    const bent = `${packLadder(micro).slice(0, -2)}03`
    assertCode(() => checkLadder({ ladder: bent, window: 600, profile: 'micro' }), 'invalid_ladder')
  })

  for (const profile of ['micro', 'agent', 'human'] as const) {
    for (const pool of [0, 3]) {
      test(`the published ladder of ${profile} with pool ${pool} fits its own window`, () => {
        const ladder = packLadder(ladderOf({ profile, pool, appealBond: 3_500_000n }))
        const window = windowsOf({ profile, amount: 500_000_000n }).arbitration
        checkLadder({ ladder, window, profile })
      })
    }
  }

  const faults: [string, Partial<Ladder>][] = [
    ['a limit without its rung', { juryLimit: 0, moderatorLimit: 0, committeeLimit: 0 }],
    ['a hurried jury', { juryLimit: 59 }],
    ['a hurried committee', { committeeLimit: 3599 }],
    ['a hurried moderator', { moderatorLimit: 59 }],
    ['a hurried appeal', { appealWindow: 59 }],
    ['a committee without a pool', { pool: 0 }],
    ['a pool without a committee', { committeeLimit: 0 }],
    ['an appeal without a bond', { appealBond: 0n }],
    [
      'a bond without an appeal',
      { committeeLimit: 0, pool: 0, moderatorLimit: 0, appealWindow: 0 },
    ],
    ['a limit of 25 bits', { juryLimit: 2 ** 24 }],
    ['a bond of 65 bits', { appealBond: 2n ** 64n }],
    ['a fraction of a second', { juryLimit: 60.5 }],
  ]
  for (const [name, change] of faults) {
    test(`refuses ${name}`, () => {
      assertCode(() => packLadder({ ...full, ...change }), 'invalid_ladder')
    })
  }

  test('refuses another version, unused bits and rungs that disagree with the limits', () => {
    const word = packLadder(micro)
    for (const bent of [
      `02${word.slice(2)}`,
      `0100000000000100${word.slice(16)}`,
      `${word.slice(0, -2)}03`,
      `${word.slice(0, -2)}00`,
    ]) {
      assertCode(() => unpackLadder(bent), 'invalid_ladder')
    }
  })
})
