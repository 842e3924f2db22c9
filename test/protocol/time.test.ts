import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock, formatUtc, MAX_TIME, parseUtc, utc } from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { assertCode } from './code.ts'

describe('time', () => {
  test('wire and memory map one to one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_TIME }), (seconds) => {
        assert.equal(utc.decode(utc.encode(seconds)), seconds)
      }),
    )
    assert.equal(parseUtc('2026-04-23T18:00:00Z'), 1_776_967_200)
    assert.equal(formatUtc(0), '1970-01-01T00:00:00Z')
  })

  const refused = [
    '2026-04-23T18:00:00',
    '2026-04-23T18:00:00+00:00',
    '2026-04-23T18:00:00+02:00',
    '2026-04-23T18:00:00.000Z',
    '2026-04-23 18:00:00Z',
    '2026-04-23',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-04-23T24:00:00Z',
    '2026-04-23T23:59:60Z',
    '1969-12-31T23:59:59Z',
    '',
  ]
  for (const text of refused) {
    test(`[PCT-08] refuses ${JSON.stringify(text)}`, () => {
      assertCode(() => parseUtc(text), 'invalid_time')
      assert.equal(utc.safeDecode(text).success, false)
    })
  }

  test('a leap day that exists is read', () => {
    assert.equal(formatUtc(parseUtc('2028-02-29T12:34:56Z')), '2028-02-29T12:34:56Z')
  })

  test('refuses fractions of a second and times outside the calendar', () => {
    for (const seconds of [0.5, -1, MAX_TIME + 1, Number.NaN]) {
      assertCode(() => formatUtc(seconds), 'invalid_time')
    }
  })

  test('a clock that is set stands still', () => {
    const clock = createManualClock(5)
    assert.equal(clock.now(), 5)
    clock.set(9)
    assert.equal(clock.now(), 9)
  })
})
