import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ladderOf, packLadder, unpackLadder } from '@earnest/sdk/protocol'

test('[UNS-19] that no decentralised jury exists is written down, and every published ladder with a pool has the committee above the jury', () => {
  const page = readFileSync('docs/governance.md', 'utf8')
  assert.match(page, /no decentralised jury runs today/)
  assert.match(page, /the committee of seven is the interim/)
  for (const profile of ['agent', 'human'] as const) {
    const ladder = unpackLadder(packLadder(ladderOf({ profile, pool: 1, appealBond: 7_000_000n })))
    assert.ok(ladder)
    assert.ok(ladder.juryLimit > 0)
    assert.ok(ladder.committeeLimit > 0)
    assert.ok(ladder.appealWindow > 0)
  }
})
