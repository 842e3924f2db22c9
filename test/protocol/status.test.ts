import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ESCROW_STATES, escrowStateOf, isTerminal, pactStatusSchema } from '@earnest/sdk/protocol'

describe('status', () => {
  test('states have the numbers of the contract', () => {
    const source = readFileSync('contracts/src/interfaces/IPactEscrow.sol', 'utf8')
    const body = /enum State \{([^}]*)\}/.exec(source)?.[1] ?? ''
    // Comments may stand between the names.
    const names = body.replace(/\/\/.*$/gm, '').match(/\w+/g)
    assert.deepEqual(names, [...ESCROW_STATES])
    assert.deepEqual(
      ESCROW_STATES.map((_, code) => escrowStateOf(code)),
      [...ESCROW_STATES],
    )
    assert.throws(() => escrowStateOf(ESCROW_STATES.length))
  })

  test('[W-34] four states are the end, and refunded is one of its own', () => {
    assert.deepEqual(ESCROW_STATES.filter(isTerminal), [
      'Completed',
      'Refunded',
      'Resolved',
      'Amended',
    ])
  })

  test('[W-33] offers can be cancelled and expire', () => {
    for (const status of ['cancelled', 'expired', 'refunded', 'resolved']) {
      assert.equal(pactStatusSchema.safeParse(status).success, true)
    }
  })

  test('[TOL-23] every pact status and every state of the chain stands in the table of names', () => {
    const table = readFileSync('docs/names.md', 'utf8')
    for (const status of pactStatusSchema.options)
      assert.ok(table.includes(`\`${status}\``), status)
    for (const state of ESCROW_STATES)
      assert.match(table, new RegExp(`^\\| ${state}\\b`, 'm'), state)
  })
})
