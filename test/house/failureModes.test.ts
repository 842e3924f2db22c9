import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const page = readFileSync('docs/failure-modes.md', 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| what fails/.test(line))
  .map((line) => line.slice(1, -1).split('|'))

/** The titles of the tests of a file: strings in TypeScript, names of functions in Solidity. */
function titlesOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const pattern = file.endsWith('.sol')
    ? /function (test\w+)\(/g
    : /\b(?:test|suite|it)\(\s*(?:'([^']*)'|"([^"]*)"|`([^`]*)`)/g
  return [...text.matchAll(pattern)].map(([, ...found]) => found.find(Boolean) ?? '')
}

function sourceOf(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

describe('failure modes', () => {
  test('[TAP-23] each row says what fails, what follows and how it ends, and its reproduction is a test that stands', () => {
    assert.ok(rows.length >= 25, `${rows.length} rows`)
    for (const row of rows) {
      assert.equal(row.length, 6, row.join(' | '))
      const [what, who, then, , end, how] = row.map((cell) => cell.trim())
      for (const cell of [what, who, then, end]) assert.ok(cell, `${what}: an empty cell`)
      const [, file = '', title = ''] = /^`(test\/[^`]+)` "([^"]+)"$/.exec(how ?? '') ?? []
      assert.ok(existsSync(file), `${what}: ${how}`)
      assert.ok(
        titlesOf(file).some((found) => found.includes(title)),
        `${file} has no test “${title}”`,
      )
    }
  })

  test('the codes of the page are codes of the system', () => {
    const source = sourceOf('sdk/src') + sourceOf('oracle/src')
    for (const [, , , code = ''] of rows) {
      const name = code.trim().replaceAll('`', '')
      if (name !== '') assert.ok(source.includes(`'${name}'`), name)
    }
  })

  test('a test that is not there is seen', () => {
    assert.equal(
      titlesOf('test/house/failureModes.test.ts').some((title) => title.includes('nothing at all')),
      false,
    )
    assert.ok(titlesOf('test/contracts/pause.t.sol').length > 0)
  })
})
