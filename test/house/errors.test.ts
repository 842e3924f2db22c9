import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorsPage } from '../../scripts/errors/page.ts'

test('docs/errors.md says what the hostile tests hold: npm run -s errors -- --write', () => {
  assert.equal(readFileSync('docs/errors.md', 'utf8'), errorsPage())
})
