import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { files } from './sources.ts'

test('no file names a path of somebody’s machine', () => {
  const path = /(?<![\w.:/-])\/(?:work|root|farm)\/\w/
  const found = files()
    .filter((file) => path.test(readFileSync(file, 'utf8')))
    .filter((file) => file !== 'package-lock.json')
  assert.deepEqual(found, [])
})
