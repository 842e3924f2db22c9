import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Import, importsOf, sources } from './sources.ts'

const layers = ['discovery', 'trust', 'negotiation', 'escrow', 'settlement']
const layer = layers.join('|')

/** Where a file stands; the part decides what it may import. */
function partOf(path: string): string | undefined {
  const rules: [RegExp, (match: RegExpMatchArray) => string][] = [
    [/^contracts\/abi\//, () => 'contracts'],
    [/^@earnest\/contracts$/, () => 'contracts'],
    [/^sdk\/src\/protocol\//, () => 'protocol'],
    [/^@earnest\/sdk\/protocol$/, () => 'protocol'],
    [new RegExp(`^sdk/src/(${layer})/`), (match) => `sdk/${match[1]}`],
    [/^sdk\/src\/(?:(?:cli|owner|tools|x402)\/)?[\w-]+\.ts$/, () => 'sdk'],
    [/^@earnest\/sdk\//, () => 'sdk'],
    [/^oracle\/src\/store\//, () => 'store'],
    [new RegExp(`^oracle/src/(${layer})/`), (match) => `oracle/${match[1]}`],
    [/^oracle\/src\/oracle\.ts$/, () => 'oracle'],
    [/^@earnest\/oracle$/, () => 'oracle'],
    [/^oracle\/src\/pages\/client\//, () => 'client'],
    [/^oracle\/src\/pages\//, () => 'pages'],
    [/^oracle\/src\/http\//, () => 'http'],
    [/^oracle\/src\/[\w-]+\.ts$/, () => 'main'],
  ]
  for (const [pattern, name] of rules) {
    const match = pattern.exec(path)
    if (match) return name(match)
  }
  return undefined
}

const earlier = (workspace: string, name: string) =>
  layers.slice(0, layers.indexOf(name)).map((other) => `${workspace}/${other}`)

/** What each part may import besides itself; `type:` where only a type may come through. */
function allowed(part: string): string[] {
  const [workspace, name] = part.split('/')
  if (workspace === 'sdk' && name) {
    const types = earlier('sdk', name).map((other) => `type:${other}`)
    return ['protocol', ...(name === 'escrow' ? ['contracts'] : []), ...types]
  }
  if (workspace === 'oracle' && name)
    return ['contracts', 'protocol', 'store', ...earlier('oracle', name)]
  const all = layers.map((other) => `oracle/${other}`)
  const parts: Record<string, string[]> = {
    contracts: [],
    protocol: ['contracts'],
    sdk: ['protocol', 'contracts', ...layers.map((other) => `sdk/${other}`)],
    store: ['protocol'],
    oracle: ['contracts', 'protocol', 'store', ...all],
    // What runs in a browser reaches the oracle by its API alone.
    client: ['contracts', 'protocol'],
    pages: ['contracts', 'protocol', 'store', 'oracle', 'client', ...all],
    http: ['contracts', 'protocol', 'store', 'oracle', 'pages', ...all],
    main: ['contracts', 'protocol', 'store', 'oracle', 'http', ...all],
  }
  return parts[part] ?? []
}

/** Why an import is against the arrows; undefined where it is with them or leaves the repository. */
function fault({ file, target, typeOnly }: Import): string | undefined {
  const from = partOf(file)
  const to = partOf(target)
  if (!from) return `${file} stands outside the layout`
  if (!to && !/^(\w+\/src|contracts|scripts|test|@earnest)\//.test(target)) return undefined
  if (!to) return `${file} imports ${target}, which stands outside the layout`
  if (from === to) return undefined
  const may = allowed(from)
  if (may.includes(to) || (typeOnly && may.includes(`type:${to}`))) return undefined
  return `${file} imports ${target}: ${from} may not use ${to}`
}

describe('arrows', () => {
  test('every import of the three workspaces follows the arrows', () => {
    const imports = sources('contracts/abi', 'sdk/src', 'oracle/src').flatMap(importsOf)
    assert.deepEqual(imports.map(fault).filter(Boolean), [])
  })

  test('no file imports itself through others, not even a type', () => {
    const all = sources('contracts/abi', 'sdk/src', 'oracle/src')
    const targets = (file: string) =>
      importsOf(file).flatMap(({ target }) => (all.includes(target) ? target : []))
    assert.deepEqual(circle(all, targets), undefined)
    const houses: Record<string, string[]> = { a: ['b', 'c'], b: ['c'], c: ['d'], d: [] }
    assert.equal(
      circle(['a'], (file) => houses[file] ?? []),
      undefined,
    )
    houses.d = ['b']
    assert.deepEqual(
      circle(['a'], (file) => houses[file] ?? []),
      ['b', 'c', 'd', 'b'],
    )
  })

  test('an import against an arrow is seen', () => {
    const against = [
      ['sdk/src/protocol/pact.ts', 'sdk/src/discovery/card.ts', true],
      ['sdk/src/trust/assess.ts', 'sdk/src/settlement/verify.ts', true],
      ['sdk/src/settlement/verify.ts', 'sdk/src/trust/assess.ts', false],
      ['sdk/src/trust/assess.ts', '@earnest/contracts', false],
      ['sdk/src/buyer.ts', '@earnest/oracle', true],
      ['oracle/src/trust/score.ts', '@earnest/sdk/buyer', true],
      ['oracle/src/trust/score.ts', 'oracle/src/oracle.ts', true],
      ['oracle/src/trust/score.ts', 'oracle/src/settlement/verify.ts', true],
      ['oracle/src/trust/score.ts', 'sdk/src/buyer.ts', true],
      ['oracle/src/store/store.ts', 'oracle/src/trust/score.ts', true],
      ['oracle/src/oracle.ts', 'oracle/src/http/app.ts', true],
      ['oracle/src/pages/home.ts', 'oracle/src/http/app.ts', true],
      ['oracle/src/pages/client/main.ts', 'oracle/src/oracle.ts', false],
      ['sdk/src/utils/x.ts', 'zod', false],
      ['sdk/src/buyer.ts', 'scripts/local/chain.ts', false],
    ] as const
    for (const [file, target, typeOnly] of against)
      assert.ok(fault({ file, target, typeOnly }), `${file} -> ${target}`)
  })

  test('[TOL-09] no verification code can reach a language model', () => {
    const started = sources('oracle/src/settlement').filter((file) =>
      /\/(verify\/|completion\.ts|attest\.ts)/.test(file),
    )
    assert.ok(started.length > 3)
    const reached = reachable(started)
    const models = reached.filter((target) => /^(ai$|@ai-sdk\/)/.test(target))
    assert.deepEqual(models, [])
    const inJury = sources('oracle/src/settlement/jury').flatMap(importsOf)
    assert.ok(inJury.some(({ target }) => target === 'ai'))
  })
})

/** Everything that some files import, directly or through others. */
function reachable(start: readonly string[]): string[] {
  const seen = new Set<string>()
  const visit = (file: string) => {
    for (const { target, typeOnly } of importsOf(file)) {
      if (typeOnly || seen.has(target)) continue
      seen.add(target)
      if (target.startsWith('oracle/src/')) visit(target)
    }
  }
  for (const file of start) visit(file)
  return [...seen]
}

/** The first way found from a file back to itself; undefined where there is none. */
function circle(
  files: readonly string[],
  targets: (file: string) => readonly string[],
): string[] | undefined {
  const left = new Set<string>()
  const way: string[] = []
  const visit = (file: string): string[] | undefined => {
    if (left.has(file)) return undefined
    const at = way.indexOf(file)
    if (at >= 0) return [...way.slice(at), file]
    way.push(file)
    for (const target of targets(file)) {
      const found = visit(target)
      if (found) return found
    }
    way.pop()
    left.add(file)
    return undefined
  }
  for (const file of files) {
    const found = visit(file)
    if (found) return found
  }
  return undefined
}
