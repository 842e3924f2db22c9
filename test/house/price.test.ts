import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

/** What docs/economics.md states: gwei a gas on Base, USDC an ether. */
const stated = { gwei: 0.01, etherUsdc: 4000 }

test('[FEE-02] a whole happy trade costs below half a dollar of gas at the stated price', () => {
  const { gas } = JSON.parse(readFileSync('contracts/gas.json', 'utf8')) as {
    gas: Record<string, number>
  }
  const text = readFileSync('docs/economics.md', 'utf8')
  assert.ok(text.includes(`${stated.gwei} gwei`) && text.includes('4,000 USDC an ether'))
  const trade =
    (gas.fund ?? Number.NaN) + (gas.complete ?? Number.NaN) + (gas.release ?? Number.NaN)
  const usdc = trade * stated.gwei * 1e-9 * stated.etherUsdc
  assert.ok(usdc < 0.5, `${usdc} USDC`)
})
