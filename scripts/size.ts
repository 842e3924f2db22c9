/**
 * `npm run size`: the minified bundle of a role's entry point and the deployed bytecode of each
 * contract against the budgets of test/house/sizes.json (bytes). `-- --write` sets each budget to
 * what is measured now, rounded up, so that growth shows in the diff.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const recorded = 'test/house/sizes.json'
/** EIP-170: no contract above this can be deployed. */
const limit = 24_576
const entries = { '@earnest/sdk/buyer': 'sdk/src/buyer.ts' }

const measured: Record<string, number> = {}
for (const [name, entry] of Object.entries(entries)) measured[name] = await bundled(entry)
for (const file of globSync('artifacts/contracts/src/**/*.json').sort()) {
  const { contractName, deployedBytecode } = JSON.parse(readFileSync(file, 'utf8'))
  const size = ((deployedBytecode as string).length - 2) / 2
  if (size > 100) measured[contractName] = size
}

const budgets = readBudgets()
for (const [name, size] of Object.entries(measured)) {
  const cap = name in entries ? Number.POSITIVE_INFINITY : limit
  const budget = Math.min(budgets[name] ?? 0, cap)
  if (size > budget) process.exitCode = 1
  const headroom = cap === limit ? `, ${limit - size} below the limit of the chain` : ''
  console.log(`${name}: ${size} of ${budget} bytes${headroom}${size > budget ? ' — OVER' : ''}`)
}
for (const name of Object.keys(budgets).filter((name) => !(name in measured))) {
  console.log(`${name}: budgeted, but not there`)
  process.exitCode = 1
}

function readBudgets(): Record<string, number> {
  if (process.argv.includes('--write')) {
    const rounded = Object.entries(measured).map(([name, size]) => {
      const step = name in entries ? 4096 : 256
      return [name, Math.ceil(size / step) * step] as const
    })
    writeFileSync(recorded, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`)
  }
  return JSON.parse(readFileSync(recorded, 'utf8')) as Record<string, number>
}

/** What a browser or an agent downloads: minified and gzipped, with every dependency. */
async function bundled(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length
}
