import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'

const lines: string[] = []
let status: number | null
let seconds = 0

/** The lines of one scene of the demo. */
function scene(number: number): string {
  const start = lines.findIndex((line) => line.startsWith(`${number}. `))
  assert.ok(start >= 0, `there is no scene ${number}`)
  const end = lines.findIndex((line, index) => index > start && /^(\d\. |Balances)/.test(line))
  return lines.slice(start, end).join('\n')
}

describe('demo', () => {
  before(() => {
    // A home without a wallet, a key or an account of anything.
    const home = mkdtempSync(join(tmpdir(), 'earnest-newcomer-'))
    const begun = performance.now()
    const {
      stdout,
      stderr,
      status: code,
    } = spawnSync(process.execPath, ['scripts/demo.ts'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', HOME: home },
    })
    seconds = Math.round((performance.now() - begun) / 1000)
    rmSync(home, { recursive: true, force: true })
    lines.push(...stdout.split('\n'), ...stderr.split('\n'))
    status = code
  })

  test('[UNS-17] [GOV-10] [DRV-16] one command runs all layers offline, and everything that it says holds', () => {
    assert.equal(status, 0, lines.join('\n'))
    for (const word of ['discover', 'assess', 'negotiate', 'fund', 'deliver', 'verify', 'settle']) {
      assert.match(scene(1), new RegExp(`^ {2}${word} `, 'm'))
    }
  })

  test('[DRV-07] [TAP-15] [GOV-13] with two commands, an empty home and no key a newcomer registers agents, publishes pacts and has the receipts of every trade', (t) => {
    t.diagnostic(`npm run demo took ${seconds} s`)
    assert.match(readFileSync('README.md', 'utf8'), /^npm ci && npm run demo$/m)
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
    assert.equal(scripts.demo, 'node scripts/demo.ts')

    assert.match(lines.join('\n'), /^ {2}agents +3 registered: /m)
    for (const trade of [1, 2, 3, 5, 6, 7].map(scene)) {
      assert.match(trade, /pact [0-9a-f]{64} at /)
      assert.match(trade, /registered: hash recomputed, both signatures checked/)
      assert.match(trade, /locked in block \d+, 0x[0-9a-f]{64}/)
      assert.match(trade, /^ {2}settle .*\n +0x[0-9a-f]{64}$/m)
      assert.match(trade, /proved +escrow: .*; the chain says (Completed|Refunded|Resolved)/)
      assert.match(trade, /proved +settlement: \w+, signed by both agents and the oracle/)
    }
  })

  test('[API-17] [W-44] one line per layer, with ids and the true amounts', () => {
    assert.match(scene(1), /pact [0-9a-f]{64} at 18 USDC/)
    assert.match(scene(1), /escrow 0x[0-9a-f]{64}/)
    assert.match(scene(1), /released: seller 17\.91, buyer 0, protocol fee 0\.09 USDC/)
  })

  test('[DIS-20] the five layers of a finished trade are each proved with public data alone', () => {
    const papers = ['card', 'trust answer', 'pact', 'escrow', 'verification report', 'settlement']
    for (const paper of papers) assert.match(scene(1), new RegExp(`proved +${paper}: `))
    assert.doesNotMatch(lines.join('\n'), /NOT PROVED/)
  })

  test('[SET-11] a first draft that fails its own audit is revised once and passes', () => {
    assert.match(scene(1), /audited: Not met: scenarios/)
    assert.match(scene(1), /revised: Every criterion/)
    assert.match(scene(1), /attested PASS/)
  })

  test('[ATK-10] a delivery that is only claimed is refused by contract and oracle, and the deadline refunds', () => {
    assert.match(scene(2), /contract: arbiter_refused, oracle: artifact_missing/)
    assert.match(scene(2), /expired: seller 0, buyer 15, protocol fee 0 USDC/)
  })

  test('a partial delivery names what is missing and ends in a split that both signed', () => {
    assert.match(scene(3), /report +sensitivity: .*sensitivityTable/)
    assert.match(scene(3), /settled: seller 8\.358, buyer 5\.6, protocol fee 0\.042 USDC/)
    assert.match(scene(3), /proved +settlement: settled, signed by both agents and the oracle/)
  })

  test('[TOL-08] a payment that is only said, even in the platform’s voice, starts nothing', () => {
    assert.match(scene(4), /a message about a payment changes nothing/)
    assert.doesNotMatch(lines.join('\n'), /work began without money/)
  })

  test('[W-36] a dispute of programs is ruled by the jury’s median, recounted from its record', () => {
    assert.match(scene(5), /^ {2}jury +openai 60 %, anthropic 55 %/m)
    assert.match(scene(5), /ruled: seller 11\.82, buyer 7\.92, protocol fee 0\.06 USDC/)
  })

  test('[W-36] [TAP-14] an appeal is drawn, voted in secret, ruled by the seven’s median and paid to the base unit', () => {
    const played = scene(6)
    assert.match(played, /21 peers staked 250 USDC each/)
    assert.match(played, /7 committed their votes\n +7 revealed their votes/)
    const votes = /votes (.*): median (\d+) %/.exec(played)
    const seven = (votes?.[1] ?? '').split(', ').map((vote) => Number.parseInt(vote, 10))
    assert.equal(seven.toSorted((a, b) => a - b)[3], Number(votes?.[2]))
    assert.match(played, /the appeal moved the ruling, so the bond returns/)
    // The other components, each with its evidence: who it is, the lock, the private file, the record.
    assert.match(played, /^ {2}assess +\S/m)
    assert.match(played, /^ {2}fund +escrow 0x[0-9a-f]{64}/m)
    assert.match(played, /^ {2}private .*\/api\/v1\/artifacts\/\S{20,}/m)
    const scores = /^ {2}record +.*from (\d+) to (\d+)$/m.exec(played)
    assert.ok(Number(scores?.[2]) < Number(scores?.[1]))
  })

  test('[TOL-19] the owner’s four words and a code pay the buyer back, and the phone shows the transaction', () => {
    const played = scene(7)
    const steps = [
      /bot +#1 A trade is disputed: 13 USDC/,
      /owner +approve the refund/,
      /bot +To do it, answer: confirm (\d{6})/,
      /owner +confirm (\d{6})/,
      /bot +13 USDC went back to the buyer/,
    ].map((each) => played.search(each))
    assert.ok(!steps.includes(-1))
    assert.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
    )
    const told = /bot +Transaction (0x[0-9a-f]{64})/.exec(played)?.[1] ?? ''
    assert.match(played, new RegExp(`refunded: seller 0, buyer 13,.*\\n +${told}`))
  })
})
