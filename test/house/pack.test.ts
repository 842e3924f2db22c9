import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { before, suite, test } from 'node:test'

interface Manifest {
  exports: Record<string, { types: string; default: string } | string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

const packages = ['contracts', 'sdk']
const manifests = new Map<string, Manifest>()
/** The project of a stranger: nothing but what the published manifests ask for, links resolved. */
const stranger = mkdtempSync(join(tmpdir(), 'earnest-stranger-'))
const inStranger = { cwd: stranger, encoding: 'utf8' } as const

before(() => {
  execFileSync('npm', ['run', '--silent', 'pack'], { stdio: 'pipe' })
  for (const name of packages) {
    const folder = `dist/${name}`
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest
    manifests.set(`@earnest/${name}`, manifest)
    cpSync(folder, join(stranger, 'node_modules/@earnest', name), { recursive: true })
    for (const dependency of Object.keys({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
    })) {
      if (!dependency.startsWith('@earnest/')) link(dependency, name)
    }
  }
  writeFileSync(join(stranger, 'package.json'), '{ "type": "module", "private": true }')
})

suite('what is published', () => {
  for (const name of packages) {
    test(`publint finds nothing in ${name}`, () => {
      execFileSync('npx', ['publint', 'run', '--strict', `dist/${name}`], { stdio: 'pipe' })
    })
  }

  test('every entry is JavaScript that plain Node loads out of node_modules', () => {
    const names = entries()
    assert.ok(names.length > 10)
    const script = `for (const name of ${JSON.stringify(names)}) {
      console.log(name + ' ' + Object.keys(await import(name)).length)
    }`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      ...inStranger,
      env: { ...process.env, NODE_OPTIONS: '--no-strip-types' },
    })
    const counts = printed.trim().split('\n')
    assert.deepEqual(
      counts.map((line) => line.split(' ')[0]),
      names,
    )
    assert.deepEqual(
      counts.filter((line) => line.endsWith(' 0')),
      [],
    )
  })

  test('its types reach a strict project: a good call compiles and a wrong one does not', () => {
    writeFileSync(join(stranger, 'app.ts'), app)
    const options =
      '--module nodenext --target es2024 --strict --noEmit --skipLibCheck --types node'
    link('@types/node', 'sdk')
    const tsc = join(process.cwd(), 'node_modules/.bin/tsc')
    execFileSync(tsc, [...options.split(' '), 'app.ts'], inStranger)
  })

  test('every example of the manuals compiles against it as it is printed', () => {
    for (const name of ['ai', '@hono/node-server', '@x402/fetch', '@x402/core'])
      link(name, 'oracle')
    writeFileSync(join(stranger, 'reader.ts'), reader)
    const examples = manuals().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/```ts\n(.*?)```/gs)].map((found, index) => {
        const name = `${path.replace(/\W/g, '_')}_${index}.ts`
        writeFileSync(join(stranger, name), `import './reader.ts'\n${found[1]}\nexport {}\n`)
        return name
      }),
    )
    assert.ok(examples.length >= 6)
    compile(...examples)
  })
})

const app = `
import { createBuyer, type HireResult } from '@earnest/sdk/buyer'
import { parseUsdc } from '@earnest/sdk/protocol'
import { createSeller } from '@earnest/sdk/seller'

type Buyer = ReturnType<typeof createBuyer>
export async function hire(buyer: Buyer): Promise<HireResult> {
  // @ts-expect-error a price is base units, never a float
  await buyer.hire('https://seller.example', { task: {} as never, paymentUsdc: 1.5 })
  return await buyer.hire('https://seller.example', { task: {} as never, paymentUsdc: parseUsdc('1.5') })
}
// @ts-expect-error a seller needs an identity
createSeller({})
`

/** What a reader of the manuals has before the first line: keys, addresses, functions of their own. */
const reader = `
declare global {
  var secretKey: Uint8Array
  var walletKey: import('viem').Hex
  var rpcUrl: string, oracleUrl: string, oracleDid: string, sellerUrl: string, token: any
  var identity: import('@earnest/sdk/seller').SellerOptions['identity']
  var wallet: import('@earnest/sdk/seller').SellerOptions['wallet']
  var oracle: import('@earnest/sdk/seller').OracleClient
  var clock: { now(): number }
  var chainId: number
  var contract: import('viem').Address, arbiter: import('viem').Address
  var options: import('@earnest/sdk/seller').SellerOptions
  var sellerOptions: Omit<import('@earnest/sdk/seller').SellerOptions, 'skills'>
  var tools: readonly import('@earnest/sdk/tools').Tool[]
  var session: { role: string; content: string }[]
  var buyerOptions: import('@earnest/sdk/buyer').BuyerOptions
  var store: NonNullable<import('@earnest/sdk/seller').SellerOptions['store']>
  var venue: import('@earnest/sdk/seller').Venue
  var agentUrl: string
  var buyer: import('@earnest/sdk/buyer').Buyer
  function reportOf(url: string): { report: string }
  function decide(evidence: unknown): number | null
}
export {}
`

/** Compiles files of the stranger's project as strict TypeScript; throws with what the compiler says. */
function compile(...files: string[]): void {
  link('@types/node', 'sdk')
  const options =
    '--module nodenext --target es2024 --strict --noEmit --skipLibCheck --types node --allowImportingTsExtensions'
  const tsc = join(process.cwd(), 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, [...options.split(' '), ...files], inStranger)
  assert.equal(status, 0, stdout)
}

function manuals(): string[] {
  return ['sdk/README.md', ...globSync('docs/*.md')]
}

function entries(): string[] {
  return [...manifests].flatMap(([name, { exports }]) =>
    Object.entries(exports)
      .filter(([, target]) => typeof target !== 'string')
      .map(([entry]) => join(name, entry)),
  )
}

function link(dependency: string, workspace: string): void {
  const path = join(stranger, 'node_modules', dependency)
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  const own = join(process.cwd(), workspace, 'node_modules', dependency)
  symlinkSync(existsSync(own) ? own : join(process.cwd(), 'node_modules', dependency), path)
}
