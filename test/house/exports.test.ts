import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPinned } from '../../scripts/exports/pinned.ts'
import { exportsOfEntries } from '../../scripts/exports/read.ts'

test('every entry point exports exactly what exports.json records', () => {
  assert.deepEqual(exportsOfEntries(), readPinned())
})
