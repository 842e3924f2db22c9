/**
 * Mutation of the contracts: which changes of the code do the tests not notice? All mutants are
 * compiled once (see `instrument.ts`); each is then one run of the tests next to its file, and of all
 * others but the slow ones where those pass. What was tried is in a journal, so that a run that ends is continued.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeArtifacts } from './artifacts.ts'
import { type Bench, openBench } from './bench.ts'
import { compile, hashSources, readSources, type Sources } from './compile.ts'
import { chunks, quickFiles } from './files.ts'
import { adopt, instrument, type Mutant } from './instrument.ts'
import type { Outcome, Trial } from './tests.ts'

/** What became of one mutant; the journal has one a line. */
export interface Tried {
  id: number
  outcome: 'killed' | 'survived'
  /** The first test that failed. */
  by?: string
  /** Of the tests that a survivor passed: it is tried again when they change. */
  tests?: string
}

export interface MutationRun {
  mutants: Mutant[]
  tried: Tried[]
  /** Tests that fail on the instrumented code as written, by its price in gas; they never count. */
  deaf: string[]
}

/** A trial takes seconds, and a mutant that loops for ever runs out of gas; this is for slow machines. */
const PATIENCE_MS = 600_000

/** The tests that should notice, by the mutant's file; the first that fits. */
const NEAR: [RegExp, string[]][] = [
  [/Governance/, ['governance']],
  [/BondVault/, ['vault']],
  [/Attestors/, ['arbiter', 'governance']],
  [/Committee|Seed|SumTree/, ['committee']],
  [/PactArbiter|Ladder/, ['arbiter', 'committee']],
  [/./, ['.']],
]
/** Half of the time of all tests, and rarely the only ones to notice. */
const LAST = /\/(?:matrix|vectors|blacklist|draw|hostileToken)\.t\.sol$/

/**
 * @param seed Of the order in which mutants are tried; the first N are a fair sample.
 * @param minutes When to stop taking new ones.
 * @param scopes Only mutants of these, such as `PactArbiter.convene`; all without it.
 */
export async function mutate(options: {
  scratch: string
  seed: string
  minutes: number
  scopes: string[]
  say: (line: string) => void
}): Promise<MutationRun> {
  const until = performance.now() + options.minutes * 60_000
  const sources = readSources()
  const { mutants, instrumented } = instrumentAll(sources)
  const home = join(options.scratch, hashSources(sources).slice(0, 16))
  const journal = join(home, 'mutants.jsonl')
  const artifacts = join(home, 'artifacts')

  const tests = hashTests()
  const bench = openBench(artifacts)
  try {
    if (!existsSync(artifacts)) {
      options.say('compiling every mutant')
      writeArtifacts(artifacts, instrumented)
    }
    const deaf = await listen(bench, join(home, `deaf-${tests}.json`), options.say)
    const tried = readJournal(journal).filter(
      ({ outcome, tests: passed }) => outcome !== 'survived' || passed === tests,
    )
    const done = new Set(tried.map(({ id }) => id))
    for (const mutant of inOrder(mutants, options.seed)) {
      if (done.has(mutant.id)) continue
      if (options.scopes.length > 0 && !options.scopes.includes(mutant.scope)) continue
      if (performance.now() >= until) break
      const one = await attempt(bench, mutant, deaf, killsOf(tried))
      if (one.outcome === 'survived') one.tests = tests
      tried.push(one)
      appendFileSync(journal, `${JSON.stringify(one)}\n`)
      const { file, line, operator } = mutant
      options.say(
        `${tried.length}/${mutants.length} ${one.outcome} ${file}:${line} ${operator}: ${mutant.was} -> ${mutant.becomes} (${one.by ?? ''})`,
      )
    }
    return { mutants, tried, deaf: [...deaf] }
  } finally {
    bench.close()
  }
}

/** The names of tests that cannot be used, because they fail without a mutant. */
async function listen(
  bench: Bench,
  file: string,
  say: (line: string) => void,
): Promise<Set<string>> {
  if (!existsSync(file)) {
    const outcome = await bench.run(trialOf(quickFiles()), 10 * PATIENCE_MS)
    if (outcome === 'hung' || outcome.error || outcome.ran === 0)
      throw new Error(`the tests did not run: ${outcome === 'hung' ? 'hung' : outcome.error}`)
    writeFileSync(file, JSON.stringify(outcome.failed))
    say(`as written: ${outcome.ran} tests, of which cannot be used: ${outcome.failed.join(', ')}`)
  }
  return new Set(JSON.parse(readFileSync(file, 'utf8')) as string[])
}

async function attempt(
  bench: Bench,
  mutant: Mutant,
  deaf: Set<string>,
  kills: Map<string, number>,
): Promise<Tried> {
  const { id } = mutant
  for (const files of rounds(mutant, kills)) {
    const outcome: Outcome | 'hung' = await bench.run(trialOf(files, id), PATIENCE_MS)
    if (outcome === 'hung' || outcome.error || outcome.ran === 0)
      throw new Error(`mutant ${id}: ${outcome === 'hung' ? 'hung' : outcome.error}`)
    const by = outcome.failed.find((test) => !deaf.has(test))
    if (by) return { id, outcome: 'killed', by }
  }
  return { id, outcome: 'survived' }
}

/** Enough runs to walk into a mutant, not to look for rare numbers. */
const trialOf = (files: string[], mutant = 0): Trial => ({
  files,
  mutant,
  // What loops for ever should not do it for long; the slow ones need more.
  gasLimit: files.some((file) => LAST.test(file)) ? 1e9 : 1e8,
  fuzzRuns: 16,
  invariant: { runs: 4, depth: 50 },
})

/**
 * First the tests of the function's own name, then of the folder, then all others, and the slow ones
 * last; a few files at a time, those first that noticed most until now.
 */
function rounds({ file, scope }: Mutant, kills: Map<string, number>): string[][] {
  const folders = NEAR.find(([pattern]) => pattern.test(file))?.[1] ?? []
  const [, verb = ''] = scope.split('.')
  const rank = (test: string) => {
    const isNear = folders.some((folder) => join('test/contracts', folder) === join(test, '..'))
    if (isNear && basename(test) === `${verb}.t.sol`) return 0
    return LAST.test(test) ? 3 : isNear ? 1 : 2
  }
  const files = quickFiles().sort((a, b) => (kills.get(b) ?? 0) - (kills.get(a) ?? 0))
  return [0, 1, 2, 3].flatMap((wanted) => chunks(files.filter((test) => rank(test) === wanted)))
}

/** How many mutants each file of tests noticed. */
function killsOf(tried: Tried[]): Map<string, number> {
  const kills = new Map<string, number>()
  for (const { by } of tried) {
    const file = by?.match(/test\/contracts\/.*\.t\.sol/)?.[0]
    if (file) kills.set(file, (kills.get(file) ?? 0) + 1)
  }
  return kills
}

function hashTests(): string {
  const hash = createHash('sha256')
  for (const file of globSync('test/contracts/**/*.sol').sort()) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}

/** The mutants in an order that only the seed and their text decide. */
function inOrder(mutants: Mutant[], seed: string): Mutant[] {
  const keyed = mutants.map((mutant) => {
    const { id, file, was, becomes } = mutant
    const words = [seed, id, file, was, becomes].join('\0')
    return { mutant, key: createHash('sha256').update(words).digest('hex') }
  })
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ mutant }) => mutant)
}

function readJournal(path: string): Tried[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Tried)
}

/** All mutants of all contracts, and the sources with them. */
function instrumentAll(sources: Sources): { mutants: Mutant[]; instrumented: Sources } {
  const { sources: trees } = compile(sources, { '': ['ast'] })
  const mutants: Mutant[] = []
  const instrumented: Sources = new Map()
  for (const [name, source] of sources) {
    const tree = trees[name]
    if (!name.startsWith('contracts/src/') || !tree) instrumented.set(name, adopt(name, source))
    else {
      const made = instrument(name, source, tree.ast, 1 + mutants.length)
      mutants.push(...made.mutants)
      instrumented.set(name, made.text)
    }
  }
  return { mutants, instrumented }
}
