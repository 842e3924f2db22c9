import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compareStandards, standards } from '../../../scripts/simulate/mechanisms/attestation.ts'
import { compareDecays, decays } from '../../../scripts/simulate/mechanisms/decay.ts'
import { mechanismTables } from '../../../scripts/simulate/mechanisms/page.ts'
import { compareSelections, selections } from '../../../scripts/simulate/mechanisms/selection.ts'

test("[TAP-24] selection, decay and attestation are pluggable: another of each is compared with the protocol's own", () => {
  const [own, first] = compareSelections(
    { own: selections['capped reputation']!, first: () => [0, 1, 2, 3, 4, 5, 6] },
    { panels: 200 },
  )
  assert.equal(first?.busiest, 6 / 7)
  assert.ok(own!.busiest < first!.busiest)
  assert.deepEqual([own?.sybils, own?.rich], [0, 0])

  const yesterday = (elapsed: number) => (elapsed < 86_400 ? 1 : 0)
  const [half, short] = compareDecays({ half: decays['half-life']!, yesterday }, { sellers: 30 })
  assert.ok(half!.auc > short!.auc && half!.logLoss < short!.logLoss)

  const [threshold, silent] = compareStandards(
    { threshold: standards['two of three, and paid']!, silent: () => null },
    { trades: 2_000 },
  )
  assert.deepEqual(silent, { name: 'silent', praised: 0, slandered: 0, lost: 1 })
  assert.ok(threshold!.praised < 0.02 && threshold!.lost < 0.2)
})

test('[TAP-24] docs/mechanisms.md has the figures that the comparison prints', () => {
  const page = readFileSync('docs/mechanisms.md', 'utf8')
  for (const table of mechanismTables().split('\n\n')) assert.ok(page.includes(table), table)
})
