import { EarnestError } from './error.ts'
import { parseHash } from './hash.ts'
import type { Profile } from './timing.ts'

/** The rungs of the default arbiter: jury (T1), committee (T2), moderator (T3); limits in seconds (design section 4). */
export interface Ladder {
  /** Seconds for the jury; 0: no jury. */
  juryLimit: number
  /** Seconds in which the jury's proposal may be appealed. */
  appealWindow: number
  /** Seconds for one committee panel; 0: no committee. */
  committeeLimit: number
  /** Seconds for the moderator; 0: no moderator. */
  moderatorLimit: number
  /** Base units that an appellant pays. */
  appealBond: bigint
  /** Number of the anchored member pool; 0 without a committee. */
  pool: number
}

// From the least significant bit, as contracts/src/arbiter/Ladder.sol has them; version stands at 248.
const LAYOUT = [
  ['rungs', 0n, 8n],
  ['juryLimit', 8n, 24n],
  ['appealWindow', 32n, 24n],
  ['committeeLimit', 56n, 24n],
  ['moderatorLimit', 80n, 24n],
  ['appealBond', 104n, 64n],
  ['pool', 168n, 32n],
] as const
const VERSION = 1n
const HOUR = 3600
const NO_RUNGS: Ladder = {
  juryLimit: 0,
  appealWindow: 0,
  committeeLimit: 0,
  moderatorLimit: 0,
  appealBond: 0n,
  pool: 0,
}

/** No tier at all: proposals and rulings of the arbiter's keys count at once. */
export const NO_LADDER = '00'.repeat(32)

/** The 32 bytes that a pact carries, as 64 hex characters. Throws `invalid_ladder`. */
export function packLadder(ladder: Ladder): string {
  checkCanonical(ladder)
  const fields = { ...ladder, rungs: rungsOf(ladder) }
  let word = VERSION << 248n
  for (const [name, shift, bits] of LAYOUT) {
    const value = BigInt(fields[name])
    if (value < 0n || value >= 1n << bits) refuse(`${name} does not fit ${bits} bits`)
    word |= value << shift
  }
  return word.toString(16).padStart(64, '0')
}

/** The rungs in 32 bytes; null for `NO_LADDER`. Throws `invalid_ladder`, `invalid_hash`. */
export function unpackLadder(text: string): Ladder | null {
  const word = BigInt(`0x${parseHash(text)}`)
  if (word === 0n) return null
  const take = (name: (typeof LAYOUT)[number][0]): bigint => {
    const [, shift, bits] = LAYOUT.find(([each]) => each === name) ?? LAYOUT[0]
    return (word >> shift) & ((1n << bits) - 1n)
  }
  const ladder: Ladder = {
    juryLimit: Number(take('juryLimit')),
    appealWindow: Number(take('appealWindow')),
    committeeLimit: Number(take('committeeLimit')),
    moderatorLimit: Number(take('moderatorLimit')),
    appealBond: take('appealBond'),
    pool: Number(take('pool')),
  }
  // One spelling only: what does not pack to the same bytes is refused.
  if (packLadder(ladder) !== parseHash(text)) refuse('not in canonical form')
  return ladder
}

/** The longest that a dispute can take on this ladder, in seconds. */
export function durationOf(ladder: Ladder): number {
  const { juryLimit, appealWindow, committeeLimit, moderatorLimit } = ladder
  // Without a jury the appeal goes to a second panel.
  const panels = juryLimit === 0 ? 2 : 1
  return juryLimit + appealWindow + panels * committeeLimit + moderatorLimit
}

/**
 * Refuses a ladder that does not fit the pact's arbitration window (seconds) or its profile: minutes
 * are for a jury alone, a moderator is for people. 32 bytes of another version belong to another
 * arbiter and pass. Throws `ladder_too_long`, `ladder_of_other_profile`, `invalid_ladder`.
 */
export function checkLadder(options: { ladder: string; window: number; profile: Profile }): void {
  const { ladder, window, profile } = options
  if (ladder !== NO_LADDER && !parseHash(ladder).startsWith('01')) return
  const rungs = unpackLadder(ladder)
  if (rungs === null) return
  const { committeeLimit, moderatorLimit } = rungs
  if ((profile === 'micro' && committeeLimit > 0) || (profile !== 'human' && moderatorLimit > 0)) {
    throw new EarnestError('ladder_of_other_profile', `These tiers are not for ${profile}`)
  }
  if (durationOf(rungs) > window) {
    throw new EarnestError('ladder_too_long', 'The tiers take longer than the arbitration window', {
      details: { got: durationOf(rungs), want: window },
    })
  }
}

/**
 * The published ladder of a profile, which fits its arbitration window: minutes for a jury alone; a
 * jury, then a committee where the arbiter has anchored a pool; for people a moderator above it.
 * @param options.pool Number of the anchored pool; 0 where there is none.
 * @param options.appealBond Base units: at least the arbiter's cost of a panel.
 */
export function ladderOf(options: { profile: Profile; pool: number; appealBond: bigint }): Ladder {
  const { profile, pool, appealBond } = options
  if (profile === 'micro') return { ...NO_RUNGS, juryLimit: 10 * 60 }
  const jury = { ...NO_RUNGS, juryLimit: 6 * HOUR }
  const moderatorLimit = profile === 'human' ? 48 * HOUR : 0
  if (pool === 0 && moderatorLimit === 0) return jury
  const committeeLimit = pool === 0 ? 0 : 48 * HOUR
  // Agents answer in hours: evidence, hearing and appeal window end within six (DSP-18, TAP-20).
  const appealWindow = (profile === 'human' ? 12 : 3) * HOUR
  return { ...jury, appealWindow, committeeLimit, moderatorLimit, appealBond, pool }
}

function rungsOf({ juryLimit, committeeLimit, moderatorLimit }: Ladder): number {
  return (juryLimit > 0 ? 1 : 0) | (committeeLimit > 0 ? 2 : 0) | (moderatorLimit > 0 ? 4 : 0)
}

function checkCanonical(ladder: Ladder): void {
  const { juryLimit, appealWindow, committeeLimit, moderatorLimit, appealBond, pool } = ladder
  const numbers = [juryLimit, appealWindow, committeeLimit, moderatorLimit, pool]
  if (!numbers.every((n) => Number.isInteger(n) && n >= 0)) refuse('not whole numbers')
  if (rungsOf(ladder) === 0) refuse('no rung')
  if (juryLimit > 0 && juryLimit < 60) refuse('a jury of less than 60 s')
  if (moderatorLimit > 0 && moderatorLimit < 60) refuse('a moderator of less than 60 s')
  if (committeeLimit > 0 && committeeLimit < 3600) refuse('a committee of less than an hour')
  if (pool > 0 !== committeeLimit > 0) refuse('a pool goes with a committee')
  const appealable = committeeLimit > 0 || (juryLimit > 0 && moderatorLimit > 0)
  if (appealable !== appealWindow > 0 || appealable !== appealBond > 0n) {
    refuse('an appeal window and bond go with something to appeal to')
  }
  if (appealable && appealWindow < 60) refuse('an appeal window of less than 60 s')
}

function refuse(what: string): never {
  throw new EarnestError('invalid_ladder', `The ladder has ${what}`)
}
