import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'

const python = spawnSync('python3', ['--version']).status === 0

describe('vectors', () => {
  test('are what the code computes now', () => {
    execFileSync(process.execPath, ['scripts/vectors.ts', '--check'])
  })

  test('[W-1][PCT-13] an independent reading in Python agrees', (context) => {
    if (!python) {
      context.skip('python3 is not installed here: the Python reading did not run')
      return
    }
    const output = execFileSync('python3', ['test/vectors/check.py'], { encoding: 'utf8' })
    assert.equal(output.match(/^agrees: /gm)?.length, 7)
  })
})
