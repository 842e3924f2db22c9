import { durationOf, type Ladder, packLadder } from '@earnest/sdk/protocol'

const none: Ladder = {
  juryLimit: 0,
  appealWindow: 0,
  committeeLimit: 0,
  moderatorLimit: 0,
  appealBond: 0n,
  pool: 0,
}
const appeal = { appealWindow: 43_200, appealBond: 3_500_000n }

const ladders: Record<string, Ladder> = {
  'a jury alone': { ...none, juryLimit: 600 },
  'a moderator alone': { ...none, moderatorLimit: 172_800 },
  'a committee, appealed to another': { ...none, ...appeal, committeeLimit: 86_400, pool: 1 },
  'a jury, then a committee': {
    ...none,
    ...appeal,
    juryLimit: 21_600,
    committeeLimit: 172_800,
    pool: 7,
  },
  'all three': {
    ...appeal,
    juryLimit: 21_600,
    committeeLimit: 172_800,
    moderatorLimit: 86_400,
    pool: 2 ** 32 - 1,
  },
  'every field at its widest': {
    juryLimit: 2 ** 24 - 1,
    appealWindow: 2 ** 24 - 1,
    committeeLimit: 2 ** 24 - 1,
    moderatorLimit: 2 ** 24 - 1,
    appealBond: 2n ** 64n - 1n,
    pool: 2 ** 32 - 1,
  },
}

/** The rungs, their word and the longest way through them in seconds. */
export function ladderVectors() {
  return {
    cases: Object.entries(ladders).map(([name, ladder]) => ({
      name,
      ...Object.fromEntries(Object.entries(ladder).map(([key, value]) => [key, String(value)])),
      word: `0x${packLadder(ladder)}`,
      duration: String(durationOf(ladder)),
    })),
  }
}
