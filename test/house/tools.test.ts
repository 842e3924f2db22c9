import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toolListing } from '../../scripts/tools/listing.ts'

test('[TOL-23] docs/tools.json is what a stock MCP client is told: npm run -s tools -- --write', async () => {
  const published = JSON.parse(readFileSync('docs/tools.json', 'utf8'))
  const listed = await toolListing()
  assert.ok(listed.buyer.length > 5 && listed.seller.length > 5)
  assert.deepEqual(published, JSON.parse(JSON.stringify(listed)))
})
