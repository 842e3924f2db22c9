import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatUsdc, MAX_AMOUNT, parseUsdc, usdc } from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { assertCode } from './code.ts'

const amount = fc.bigInt({ min: 0n, max: MAX_AMOUNT })

describe('money', () => {
  test('[DRV-01] wire and memory map one to one over the whole range', () => {
    fc.assert(
      fc.property(amount, (units) => {
        const text = usdc.encode(units)
        assert.equal(usdc.decode(text), units)
        assert.match(text, /^(0|[1-9]\d*)(\.\d{0,5}[1-9])?$/)
      }),
    )
  })

  test('[DRV-01] sums are exact where floating point is not', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { maxLength: 20 }), (list) => {
        const sum = list
          .map(formatUsdc)
          .map(parseUsdc)
          .reduce((a, b) => a + b, 0n)
        assert.equal(
          sum,
          list.reduce((a, b) => a + b, 0n),
        )
      }),
    )
    assert.equal(parseUsdc('0.1') + parseUsdc('0.2'), parseUsdc('0.3'))
    assert.equal(parseUsdc('9007199254.740993'), 9_007_199_254_740_993n)
  })

  test('[PCT-09] 50 and 500 dollars are 50,000,000 and 500,000,000 base units', () => {
    assert.equal(parseUsdc('50'), 50_000_000n)
    assert.equal(parseUsdc('500'), 500_000_000n)
  })

  const people: [string, bigint][] = [
    ['500', 500_000_000n],
    ['500.00', 500_000_000n],
    ['0.50', 500_000n],
    ['0.000001', 1n],
    ['0', 0n],
  ]
  for (const [text, units] of people) {
    test(`reads ${text} as people write it`, () => assert.equal(parseUsdc(text), units))
  }

  const refused = [
    '',
    ' 5',
    '5 ',
    '+5',
    '-5',
    '5e2',
    '0x10',
    '1,000',
    '.5',
    '5.',
    '05',
    '1.0000001',
    'NaN',
    'Infinity',
    '٥',
    `1${'0'.repeat(40)}`,
  ]
  for (const text of refused) {
    test(`[PCT-09] refuses ${JSON.stringify(text)}`, () => {
      assertCode(() => parseUsdc(text), 'invalid_amount')
      assert.equal(usdc.safeDecode(text).success, false)
    })
  }

  test('[PCT-09] a number is no amount', () => {
    assertCode(() => parseUsdc(500 as unknown as string), 'invalid_amount')
    assert.equal(usdc.safeDecode(500 as unknown as string).success, false)
    assert.equal(usdc.safeEncode(500 as unknown as bigint).success, false)
  })

  test('one amount has one spelling on the wire', () => {
    for (const text of ['500.0', '500.00', '0.50', '00']) {
      assert.equal(usdc.safeDecode(text).success, false, text)
    }
  })

  test('refuses what no uint128 holds', () => {
    assertCode(() => formatUsdc(MAX_AMOUNT + 1n), 'invalid_amount')
    assertCode(() => formatUsdc(-1n), 'invalid_amount')
    assert.equal(usdc.safeDecode('340282366920938463463374607431768.211456').success, false)
    assert.equal(usdc.decode('340282366920938463463374607431768.211455'), MAX_AMOUNT)
  })
})
