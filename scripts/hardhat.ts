import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Hardhat's program, for `process.execPath`: the shell's own `node` may be older than it needs. */
export const hardhat = join(
  dirname(createRequire(import.meta.url).resolve('hardhat/package.json')),
  'dist/src/cli.js',
)
