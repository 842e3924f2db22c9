/**
 * Stateful fuzzing of the whole system and of the escrow's ten campaigns, in pieces of one seed each;
 * what was run is in a journal, so that a run that ends is continued.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBench } from './bench.ts'
import { hashSources, readSources } from './compile.ts'

/** One piece of one campaign. */
export interface Piece {
  campaign: 'system' | 'escrow'
  seed: string
  calls: number
  failed: string[]
}

const CAMPAIGNS = {
  system: { files: ['test/contracts/system/system.t.sol'], invariant: { runs: 20, depth: 500 } },
  escrow: { files: ['test/contracts/invariants.t.sol'], invariant: { runs: 10, depth: 500 } },
}
const PATIENCE_MS = 3_600_000

/**
 * Runs pieces of both campaigns, in turn, until each has made `calls` or the minutes are over.
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
      const outcome = await bench.run(
        { files, grep: 'invariant_', fuzzRuns: 1, invariant, seed },
        PATIENCE_MS,
      )
      if (outcome === 'hung' || outcome.error || outcome.ran === 0)
        throw new Error(`${next}: ${outcome === 'hung' ? 'hung' : outcome.error}`)
      const piece = { campaign: next, seed, calls: outcome.calls, failed: outcome.failed }
      pieces.push(piece)
      appendFileSync(journal, `${JSON.stringify(piece)}\n`)
      options.say(`${next}: ${callsOf(pieces, next)} calls, ${piece.failed.length} violations`)
    }
  } finally {
    bench.close()
  }
  return pieces

  /** The campaign that is furthest from its end. */
  function open(): Piece['campaign'] | undefined {
    const names = Object.keys(CAMPAIGNS) as Piece['campaign'][]
    const [least] = names.sort((a, b) => callsOf(pieces, a) - callsOf(pieces, b))
    return least && callsOf(pieces, least) < options.calls ? least : undefined
  }
}

/** How many calls a campaign has made. */
export function callsOf(pieces: Piece[], name: Piece['campaign']): number {
  return pieces
    .filter(({ campaign }) => campaign === name)
    .reduce((sum, { calls }) => sum + calls, 0)
}
