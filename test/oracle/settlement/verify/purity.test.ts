import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, test } from 'node:test'

const folder = 'oracle/src/settlement/verify'
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)].map(([, target = '']) => target)

describe('purity', () => {
  test('[TOL-09][TOL-03] verification imports no model, no store and no chain, directly or through its own files', () => {
    const allowed = [
      '@earnest/sdk/protocol',
      'ajv/dist/2020.js',
      'fflate',
      'file-type',
      'quickjs-emscripten',
      'zod',
    ]
    for (const file of globSync(`${folder}/**/*.ts`)) {
      for (const target of importsOf(file)) {
        if (target.startsWith('.')) {
          const path = normalize(join(dirname(file), target))
          assert.ok(path.startsWith(`${folder}/`), `${file} imports ${target}`)
        } else if (!target.startsWith('node:')) {
          assert.ok(allowed.includes(target), `${file} imports ${target}`)
        }
      }
    }
  })

  test('sockets are opened in one file alone', () => {
    const opening = globSync(`${folder}/**/*.ts`).filter((file) =>
      importsOf(file).some((target) => /^node:(https?|net|dns|tls|http2|dgram)$/.test(target)),
    )
    assert.deepEqual(opening.sort(), [`${folder}/guardedFetch.ts`, `${folder}/publicAddress.ts`])
  })
})
