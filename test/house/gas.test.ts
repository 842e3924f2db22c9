import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type GasBudget, violations } from '../../scripts/bench/gas/budget.ts'

const budget = JSON.parse(readFileSync('contracts/gas.json', 'utf8')) as GasBudget
const sizes = JSON.parse(readFileSync('test/house/sizes.json', 'utf8')) as Record<string, number>

/** The committed figures with one verb changed. */
const withVerb = (verb: string, gas: number) => ({ ...budget.gas, [verb]: gas })

describe('gas', () => {
  test('what is committed is within its own budget', () => {
    assert.deepEqual(violations(budget, budget.gas), [])
  })

  test('every verb fails from one gas above 1 % more than committed, and not before', () => {
    // A budget without bars: of a verb that is near its bar that one would speak first.
    const free = { ...budget, bars: [] }
    for (const [verb, committed] of Object.entries(budget.gas)) {
      const most = Math.floor(committed * 1.01)
      assert.deepEqual(violations(free, withVerb(verb, most)), [], verb)
      assert.equal(violations(free, withVerb(verb, most + 1)).length, 1, verb)
    }
  })

  test('a bar fails where it is reached, whatever was committed', () => {
    for (const { verbs, below } of budget.bars) {
      const [verb = ''] = verbs
      const others = verbs.slice(1).reduce((sum, name) => sum + (budget.gas[name] ?? 0), 0)
      const gas = withVerb(verb, below - others)
      const committed = { ...budget, gas }
      assert.ok(
        violations(committed, gas).some((line) => line.startsWith(verbs.join(' + '))),
        `${verbs.join(' + ')} at ${below}`,
      )
    }
  })

  test('a verb that is not measured, and one that is not committed, fail', () => {
    const { settle: _, ...without } = budget.gas
    assert.ok(violations(budget, without).includes('settle: not measured'))
    assert.deepEqual(violations(budget, withVerb('unheardOf', 1)), ['unheardOf: not committed'])
  })

  test('every contract is budgeted at least 2 KB below what the chain takes', () => {
    const contracts = Object.entries(sizes).filter(([name]) => !name.startsWith('@'))
    for (const name of ['PactEscrow', 'PactArbiter', 'Committee', 'BondVault', 'Governance']) {
      assert.ok(name in sizes, name)
    }
    for (const [name, size] of contracts) assert.ok(size <= 24_576 - 2_048, `${name}: ${size}`)
  })
})
