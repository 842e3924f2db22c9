/**
 * Stateful fuzzing of the whole system and of the escrow's ten campaigns, in pieces of one seed each;
 * what was run is in a journal, so that a run that ends is continued.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openBench } from './bench.ts'
import { hashSources, readSources } from './compile.ts'

/** One piece of one campaign. */
export interface Piece {
  campaign: 'system' | 'escrow'
  seed: string
  calls: number
  failed: string[]
  /** Of the whole system: how often each act of each actor was tried, and how often the law let it. */
  acts?: Acts
}

type Acts = Record<string, { tried: number; done: number }>

const CAMPAIGNS = {
  system: { files: ['test/contracts/system/system.t.sol'], invariant: { runs: 20, depth: 500 } },
  escrow: { files: ['test/contracts/invariants.t.sol'], invariant: { runs: 10, depth: 500 } },
}
const PATIENCE_MS = 3_600_000

/**
 * Runs pieces of one campaign after the other until each has made `calls` or the minutes are over.
 *
 * @param seed From which each piece's own is derived.
 */
export async function fuzz(options: {
  scratch: string
  seed: string
  calls: number
  minutes: number
  say: (line: string) => void
}): Promise<Piece[]> {
  const until = performance.now() + options.minutes * 60_000
  const home = join(options.scratch, hashSources(readSources()).slice(0, 16))
  const journal = join(home, 'fuzz.jsonl')
  const tally = resolve(home, 'tally.tsv')
  mkdirSync(home, { recursive: true })
  const pieces = existsSync(journal)
    ? readFileSync(journal, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Piece)
    : []
  const bench = openBench()
  try {
    for (let next = open(); next && performance.now() < until; next = open()) {
      const { files, invariant } = CAMPAIGNS[next]
      const turn = pieces.filter(({ campaign }) => campaign === next).length
      const seed = `0x${createHash('sha256').update(`${options.seed}\0${next}\0${turn}`).digest('hex')}`
      rmSync(tally, { force: true })
      const outcome = await bench.run(
        { files, grep: 'invariant_', fuzzRuns: 1, invariant, seed, tally },
        PATIENCE_MS,
      )
      if (outcome === 'hung' || outcome.error || outcome.ran === 0)
        throw new Error(`${next}: ${outcome === 'hung' ? 'hung' : outcome.error}`)
      const piece: Piece = { campaign: next, seed, calls: outcome.calls, failed: outcome.failed }
      if (existsSync(tally)) piece.acts = readTally(tally, outcome.calls)
      pieces.push(piece)
      appendFileSync(journal, `${JSON.stringify(piece)}\n`)
      options.say(`${next}: ${callsOf(pieces, next)} calls, ${piece.failed.length} violations`)
    }
  } finally {
    bench.close()
  }
  return pieces

  /** The first campaign that is not at its end. */
  function open(): Piece['campaign'] | undefined {
    const names = Object.keys(CAMPAIGNS) as Piece['campaign'][]
    return names.find((name) => callsOf(pieces, name) < options.calls)
  }
}

/** How many calls a campaign has made. */
export function callsOf(pieces: Piece[], name: Piece['campaign']): number {
  return pieces
    .filter(({ campaign }) => campaign === name)
    .reduce((sum, { calls }) => sum + calls, 0)
}

/** How often each act was tried and done in all pieces that counted. */
export function actsOf(pieces: Piece[]): Acts {
  const sum: Acts = {}
  for (const { acts = {} } of pieces)
    for (const [act, count] of Object.entries(acts)) add(sum, act, count)
  return sum
}

/** What the runs wrote, one act a line. The engine looks at the end of the last run twice. */
function readTally(file: string, calls: number): Acts {
  const sum: Acts = {}
  let counted = 0
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    if (counted === calls) break
    const [act = '', tried, done] = line.split('\t')
    counted += Number(tried)
    add(sum, act, { tried: Number(tried), done: Number(done) })
  }
  return sum
}

function add(sum: Acts, act: string, { tried, done }: Acts[string]): void {
  const had = sum[act] ?? { tried: 0, done: 0 }
  sum[act] = { tried: had.tried + tried, done: had.done + done }
}
