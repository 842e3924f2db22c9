/**
 * `npm run vectors` writes the JSON vectors that TypeScript, Solidity and Python read;
 * `npm run vectors -- --check` fails where a file differs from what the code computes now.
 * jcs.json and ed25519.json come from the RFCs and are never written.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { authorizationVectors } from './vectors/authorization.ts'
import { didKeyVectors } from './vectors/didKey.ts'
import { ladderVectors } from './vectors/ladder.ts'
import { manifestVectors } from './vectors/manifest.ts'
import { pactVectors } from './vectors/pact.ts'
import { signatureVectors } from './vectors/signature.ts'
import { splitVectors } from './vectors/split.ts'
import { termsVectors } from './vectors/terms.ts'

const files: Record<string, () => unknown> = {
  'authorization.json': authorizationVectors,
  'did-key.json': didKeyVectors,
  'ladder.json': ladderVectors,
  'manifest.json': manifestVectors,
  'pact.json': pactVectors,
  'signature.json': signatureVectors,
  'split.json': splitVectors,
  'terms.json': termsVectors,
}

const check = process.argv.includes('--check')
let stale = 0
for (const [name, make] of Object.entries(files)) {
  const path = `test/vectors/${name}`
  const text = `${JSON.stringify(make(), null, 2)}\n`
  if (!check) {
    writeFileSync(path, text)
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} differs from what the code computes; run npm run vectors`)
    stale++
  }
}
process.exitCode = stale === 0 ? 0 : 1
