import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { files } from './sources.ts'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>
}
const governance = readFileSync('docs/governance.md', 'utf8')
const threats = readFileSync('docs/threat-model.md', 'utf8')
const audit = readFileSync('docs/audit.md', 'utf8')

/** The text below a heading of the second rank, up to the next one. */
function sectionOf(document: string, heading: string): string {
  const [, section] = document.split(`\n## ${heading}`)
  assert.ok(section !== undefined, `no section "${heading}"`)
  return section.split('\n## ')[0] ?? ''
}

/** Every file that a document links to, from the root. */
function linksOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
    join(dirname(path), target ?? ''),
  )
}

/** Every npm script that a text tells its reader to run. */
function npmScriptsIn(text: string): string[] {
  return [...text.matchAll(/npm run (?:-s |--silent )?([a-z:-]+)/g)].map(([, name]) => name ?? '')
}

describe('governance', () => {
  test('[GOV-01] the one operator is named as a threat, with another arbiter a pact may name and records that anyone checks', () => {
    const section = sectionOf(threats, 'One operator runs oracle, attestors and jury')
    for (const said of [/can be named instead/, /hash of its record/, /What remains/]) {
      assert.match(section, said)
    }
    const escrow = readFileSync('contracts/src/interfaces/IPactEscrow.sol', 'utf8')
    const terms = escrow.slice(escrow.indexOf('struct Terms {'))
    assert.match(terms.slice(0, terms.indexOf('}')), /address arbiter;/, 'each pact names its own')
    const second = readFileSync('test/contracts/arbiter/pluggable.t.sol', 'utf8')
    assert.match(second, /function test_anotherArbiterRunsAWholeTrade/)
    assert.ok(scripts['verify-verdict'], 'a verdict is recounted by a command')
  })

  test('[GOV-03] the sources are open, analysed and fuzzed in CI, and called audited by nobody', () => {
    assert.match(readFileSync('LICENSE', 'utf8'), /^MIT License/)
    const contracts = files().filter((file) => /^contracts\/src\/.*\.sol$/.test(file))
    assert.ok(contracts.length > 20)
    for (const file of contracts) {
      assert.match(readFileSync(file, 'utf8'), /^\/\/ SPDX-License-Identifier: MIT\n/, file)
    }

    // CI runs every script that the analysis and the invariants hang on.
    assert.match(readFileSync('.ci/run', 'utf8'), /^npm run --silent ci$/m)
    const ci = readFileSync('scripts/ci.ts', 'utf8')
    assert.equal(scripts.ci, 'node scripts/ci.ts')
    assert.match(ci, /npmRun\('test',/)
    for (const check of ['types', 'lint', 'abi -- --check', 'size', 'gas:check']) {
      assert.ok(ci.includes(`'${check}'`), `CI runs ${check}`)
    }
    assert.match(
      scripts.lint ?? '',
      /solhint [^&]*--max-warnings 0 'contracts\/src\/\*\*\/\*\.sol'/,
    )
    assert.match(
      readFileSync('scripts/test.ts', 'utf8'),
      /solidity: 'test\/contracts\/\*\*\/\*\.t\.sol'[\s\S]*solidity: runSolidityTests/,
    )
    const invariants = files().filter(
      (file) =>
        /^test\/contracts\/.*\.t\.sol$/.test(file) &&
        readFileSync(file, 'utf8').includes('function invariant_'),
    )
    assert.deepEqual(invariants, [
      'test/contracts/invariants.t.sol',
      'test/contracts/system/system.t.sol',
    ])

    assert.ok((audit.match(/^- \[ \] \*\*/gm) ?? []).length >= 12, 'a checklist')
    for (const file of files().filter((name) => name.endsWith('.md'))) {
      const claims = readFileSync(file, 'utf8')
        .split('\n')
        .filter(
          (line) => /\baudited\b/i.test(line) && !/\b(not|nothing|only if|nobody)\b/i.test(line),
        )
      assert.deepEqual(claims, [], `${file} claims an audit`)
    }
  })

  test('[GOV-06] today is said to be central, and each decision leaves what a stranger can check', () => {
    const today = sectionOf(governance, 'Today: one operator, auditable output')
    assert.match(today, /Operation is central\./)
    const rows = today.split('\n').filter((line) => line.startsWith('| '))
    assert.ok(rows.length >= 7)
    for (const row of rows.slice(1)) assert.match(row, /\| [^|]*(anyone|auditor)/, row)
  })

  test('[GOV-08] the jury with verifiable computation is designed, and said not to be built', () => {
    const later = sectionOf(governance, '2028 and later: a jury with verifiable computation')
    assert.match(later, /^\s*Described, not built\b/)
    for (const part of ['What is proved', 'Design', 'What it does not solve', 'Needed before']) {
      assert.ok(later.includes(`**${part}.**`), part)
    }
    for (const step of ['Roster', 'Claim', 'Challenge', 'Decision']) {
      assert.match(later, new RegExp(`^\\d\\. \\*${step}`, 'm'))
    }
  })

  test('what the pages for auditors link to and tell to run is there', () => {
    for (const path of ['docs/governance.md', 'docs/audit.md', 'docs/threat-model.md']) {
      for (const link of linksOf(path)) assert.ok(existsSync(link), `${path}: ${link}`)
      for (const name of npmScriptsIn(readFileSync(path, 'utf8'))) {
        assert.ok(scripts[name], `${path}: npm run ${name}`)
      }
    }
    for (const [, names] of audit.matchAll(/^- \[ \] .*\. (`.*`)$/gm)) {
      for (const [, name] of (names ?? '').matchAll(/`([^`]+)`/g)) {
        const pattern = new RegExp(
          `^test/contracts/(.*/)?${(name ?? '').replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`,
        )
        assert.ok(
          files().some((file) => pattern.test(file)),
          `docs/audit.md: ${name}`,
        )
      }
    }
  })
})
