import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { whyUnheard } from '../../sdk/src/hearing.ts'
import { packLadder } from '../../sdk/src/protocol/ladder.ts'
import type { PactWire } from '../../sdk/src/protocol/pact.ts'
import { samplePact, samplePactWire } from '../support/pact.ts'

const ladder = { juryLimit: 3600, appealWindow: 0, committeeLimit: 0, moderatorLimit: 0 }
const juryAlone = packLadder({ ...ladder, appealBond: 0n, pool: 0 })
const withCommittee = packLadder({
  ...ladder,
  appealWindow: 600,
  committeeLimit: 36_000,
  appealBond: 1n,
  pool: 1,
})
/** Of 500 USDC at 1 %: 5 USDC. */
const judgesFor = (...costs: bigint[]) =>
  costs.map((leastUsdc, index) => ({ provider: `house${index}`, leastUsdc }))
const named = { committee: false, judges: ['house0', 'house1', 'house2', 'house3'] }

function ask(
  judges: ReturnType<typeof judgesFor> | undefined,
  { ladder = '00'.repeat(32), arbiters = [samplePact().escrow.arbiter], disclosure = named } = {},
) {
  const escrow = { ...samplePactWire.escrow, ladder }
  const pact = samplePact({ escrow, disclosure } as Partial<PactWire>)
  const info = { arbiters, ...(judges && { judges }) }
  return whyUnheard(pact, escrowOfPact({ pact }), info)
}

test('a claim is not heard where its fee is below the three cheapest judges that may read it, exactly', () => {
  assert.equal(ask(judgesFor(2_000_000n, 2_000_000n, 1_000_000n, 9_000_000n)), undefined)
  assert.equal(ask(judgesFor(2_000_000n, 2_000_000n, 1_000_001n, 9_000_000n)), 'fee_below_cost')
  assert.equal(
    ask(judgesFor(2_000_000n, 2_000_000n, 1_000_001n), { ladder: juryAlone }),
    'fee_below_cost',
  )
})

test('a claim that fewer than three judges may read is not heard', () => {
  assert.equal(ask(judgesFor(1n, 1n)), 'too_few_judges')
  const two = { committee: false, judges: ['house0', 'house1', 'nobody'] }
  assert.equal(ask(judgesFor(1n, 1n, 1n), { disclosure: two }), 'too_few_judges')
  assert.equal(ask([]), 'too_few_judges')
})

test('what may be heard by somebody else, or what nothing is known of, is claimed', () => {
  assert.equal(ask(undefined), undefined)
  assert.equal(ask([], { ladder: withCommittee }), undefined)
  assert.equal(ask([], { ladder: samplePactWire.escrow.ladder }), undefined)
  assert.equal(ask([], { arbiters: ['0x0000000000000000000000000000000000000bad'] }), undefined)
})
