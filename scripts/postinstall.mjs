/**
 * Hardhat's native runtime ships as one package per platform with `engines.node >= 22`. An npm that
 * itself runs on Node 20 skips that package although every script here runs on the Node 24 of
 * `node_modules/.bin`. This runs on that Node 24, sees the gap and installs once more with it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const scope = join(root, 'node_modules', '@nomicfoundation')
const platform = `edr-${process.platform}-${process.arch}`
const installed =
  !existsSync(join(scope, 'edr')) || readdirSync(scope).some((name) => name.startsWith(platform))

if (!installed && !process.env.EARNEST_POSTINSTALL) {
  const npm = process.env.npm_execpath
  if (!npm) throw new Error('run this through npm: npm ci')
  const { status } = spawnSync(
    process.execPath,
    [npm, 'install', '--no-save', '--no-audit', '--no-fund'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, EARNEST_POSTINSTALL: '1' } },
  )
  process.exit(status ?? 1)
}
