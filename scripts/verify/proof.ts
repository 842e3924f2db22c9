import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { CoverageScore } from './coverage.ts'
import type { Mutant } from './instrument.ts'
import type { MutationRun } from './mutation.ts'
import type { Proofs } from './prove.ts'

/** A mutant that no test can tell from the code, and why. */
interface Equivalent {
  file: string
  scope: string
  was: string
  becomes: string
  reason: string
}

export interface MutationScore {
  seed: string
  /** Of all files, and how many of them were tried, the first by the seed. */
  mutants: number
  tried: number
  /** Noticed by a test. */
  killed: number
  /** Listed in equivalents.json with the reason. */
  equivalent: number
  /** Killed of those that are not equivalent, in percent. */
  percent: number
  /** Between which the rate of all mutants lies, 95 % sure: Wilson's interval. */
  interval: [number, number]
  byFile: Record<string, { tried: number; killed: number }>
  survivors: Omit<Mutant, 'id'>[]
  /** Tests that could not be used, because instrumented code costs more gas. */
  deaf: string[]
}

interface FuzzScore {
  seed: string
  systemCalls: number
  escrowCalls: number
  violations: number
  /** Of the whole system, by who does what. */
  acts: Record<string, { tried: number; done: number }>
}

const file = new URL('../../contracts/proof.json', import.meta.url)
const known = new URL('./equivalents.json', import.meta.url)

/** The figures of a run, without the mutants that are known to be equivalent. */
export function score({ mutants, tried, deaf }: MutationRun, seed: string): MutationScore {
  const equivalents = JSON.parse(readFileSync(known, 'utf8')) as Equivalent[]
  const isKnown = (one: Mutant) =>
    equivalents.some((other) =>
      (['file', 'scope', 'was', 'becomes'] as const).every((key) => one[key] === other[key]),
    )
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]))
  const survived = tried
    .filter(({ outcome }) => outcome === 'survived')
    .flatMap(({ id }) => byId.get(id) ?? [])
  const survivors = survived.filter((mutant) => !isKnown(mutant))
  const killed = tried.length - survived.length

  const byFile: MutationScore['byFile'] = {}
  for (const { id, outcome } of tried) {
    const name = byId.get(id)?.file
    if (name === undefined) continue
    byFile[name] ??= { tried: 0, killed: 0 }
    byFile[name].tried += 1
    if (outcome !== 'survived') byFile[name].killed += 1
  }
  return {
    seed,
    mutants: mutants.length,
    tried: tried.length,
    killed,
    equivalent: survived.length - survivors.length,
    percent: percentOf(killed / (killed + survivors.length)),
    interval: wilson(killed, killed + survivors.length),
    byFile: Object.fromEntries(Object.entries(byFile).sort(([a], [b]) => (a < b ? -1 : 1))),
    survivors: survivors.map(({ id: _, ...mutant }) => mutant),
    deaf,
  }
}

function wilson(hits: number, of: number): [number, number] {
  const z = 1.96
  const middle = (hits + z ** 2 / 2) / (of + z ** 2)
  const half = (z / (of + z ** 2)) * Math.sqrt((hits * (of - hits)) / of + z ** 2 / 4)
  return [percentOf(middle - half), percentOf(middle + half)]
}

const percentOf = (share: number) => Math.round(1000 * share) / 10

/** Puts figures beside those that stand. */
export function write(
  figures:
    | { proof: Proofs }
    | { coverage: CoverageScore }
    | { fuzz: FuzzScore }
    | { mutation: MutationScore },
): void {
  const standing = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {}
  const stamped = Object.fromEntries(
    Object.entries(figures).map(([part, found]) => [part, { commit: commit(), ...found }]),
  )
  writeFileSync(file, `${JSON.stringify({ ...standing, ...stamped }, null, 2)}\n`)
}

/** The commit that was measured; `+` where contracts or tests differ from it. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'contracts/src', 'test/contracts')
  return `${git('rev-parse', 'HEAD')}${changed === '' ? '' : '+'}`
}
