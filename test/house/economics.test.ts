import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

const page = readFileSync('docs/economics.md', 'utf8')
const { gas } = JSON.parse(readFileSync('contracts/gas.json', 'utf8')) as {
  gas: Record<string, number>
}

/** The rows of the table under a heading, as cells without emphasis. */
function tableUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [before = ''] = section.split('\n## ')
  return before
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.slice(2, -2).replaceAll('**', '').split(' | '))
}

const figure = (text = '') => Number(text.replaceAll(',', '').replace(/ .*/, ''))
const share = (text = '') => Number(/\((\d+) %\)/.exec(text)?.[1])

describe('economics', () => {
  test('[FEE-05] the overhead of hiring by hand adds up, with and without a dispute, in money and in percent', () => {
    const rows = tableUnder('Overhead against hiring by hand')
    assert.equal(rows.length, 7)
    for (const column of [1, 2]) {
      const cell = (row: number) => rows[row]?.[column]
      const parts = [0, 1, 2, 3].map((row) => figure(cell(row)))
      const without = parts.reduce((sum, part) => sum + part, 0)
      assert.equal(figure(cell(4)), without)
      assert.equal(figure(cell(6)), without + figure(cell(5)))
      for (const row of [4, 6]) {
        assert.equal(share(cell(row)), Math.round((100 * figure(cell(row))) / 50_000))
      }
    }
    assert.deepEqual([figure(rows[6]?.[1]), figure(rows[6]?.[2])], [15_500, 75_000])
  })

  test('[W-48] like is held against like: what a dispute costs stands in neither or in both', () => {
    const rows = tableUnder('Overhead against hiring by hand')
    assert.deepEqual(rows[4]?.map((cell) => figure(cell)).slice(1), [10_500, 25_000])
    const fees = tableUnder('What a trade costs')
    assert.deepEqual(fees, [])
    const [, line = ''] = /^(Like for like, .*)$/m.exec(page) ?? []
    // Half a percent of 50,000 without a dispute, one and a half with one.
    assert.match(line, /250 \(0\.5 %\) without a dispute and 750 \(1\.5 %\) with one/)
  })

  test('[W-18] where two percent cannot be held is said, by the gas that was measured', () => {
    const rows = tableUnder('What gas adds')
    assert.equal(rows.length, 5)
    const units = (gas.fund ?? Number.NaN) + (gas.complete ?? Number.NaN)
    const usual = units * 0.01 * 1e-9 * 4000
    for (const [amount, ...cells] of rows) {
      const at = (cost: number) =>
        ((100 * (figure(amount) * 0.005 + cost)) / figure(amount)).toFixed(2)
      assert.deepEqual(
        cells,
        [usual, 0.5].map((cost) => `${at(cost)} %`),
        amount,
      )
    }
  })

  test('[GOV-09] four ways to buy work stand beside each other, ours with what was measured', () => {
    const rows = tableUnder('Four ways to buy work')
    assert.equal(rows.length, 4)
    for (const row of rows) assert.equal(row.length, 6)
    const own = rows.at(-1)?.join(' ') ?? ''
    for (const units of [
      (gas.fund ?? 0) + (gas.release ?? 0),
      (gas.fund ?? 0) + (gas.complete ?? 0),
    ]) {
      assert.ok(page.includes(units.toLocaleString('en-US')), String(units))
    }
    assert.match(own, /0\.5 %/)
    assert.ok(own.includes(((gas.fund ?? 0) + (gas.complete ?? 0)).toLocaleString('en-US')), own)
  })

  test('[TAP-18] the profile of large projects is the policy’s own, and asks for milestones', () => {
    const [, section = ''] = page.split('\n## Projects of 10,000 USDC and more\n')
    const { highValue } = JSON.parse(readFileSync('sdk/src/trust/policies.json', 'utf8')) as {
      highValue: Record<string, number | string>
    }
    const { aboveUsdc, minCompositeScore, minTaskCount, minBondTier, minFulfillmentRate90d } =
      highValue
    assert.deepEqual(
      [aboveUsdc, minCompositeScore, minTaskCount, minBondTier, minFulfillmentRate90d],
      ['5000', 900, 1000, 3, 0.98],
    )
    for (const words of ['5,000 USDC', '900', 'a thousand', 'tier 3', '98 %', 'milestones']) {
      assert.ok(section.includes(words), words)
    }
  })

  test('[FEE-08] [TAP-25] what is marketing is no part of the code, and what is motivation is attributed', () => {
    const [, section = ''] = page.split('\n## What is not here\n')
    for (const words of ['14-day', '2.50', '143 sessions', '284 EUR', 'motivation']) {
      assert.ok(section.includes(words), words)
    }
  })
})
