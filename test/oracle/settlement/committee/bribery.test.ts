import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'

describe('bribery', () => {
  test('[W-27] four of seven cost four bribes where the seven are fixed, and a third of the pool where they are drawn', () => {
    const run = ['scripts/simulate/bribery.ts']
    const report = JSON.parse(execFileSync(process.execPath, run, { encoding: 'utf8' }))
    assert.equal(report.fixedTopSeven.members, 4)
    const [blind, seeing] = report.drawn
    assert.ok(blind.evenChance.members >= 30)
    assert.ok(blind.nineInTen.members >= 50)
    // A side that recognises half of the bribed makes them dearer still.
    assert.ok(seeing.evenChance.members > blind.evenChance.members)
    assert.ok(seeing.nineInTen.members > blind.nineInTen.members)
  })
})
