/**
 * `node scripts/simulate/bribery.ts`: what it costs to own four of seven votes, in members bribed, where
 * the seven are fixed (the best of the pool) and where they are drawn as the contract draws them. Prints
 * one JSON object. Whoever bribes strikes three honest members; whoever is wronged strikes up to three
 * bribed ones, each of which it recognises with a given chance.
 */
import { drawPanel, drawSeed, plantPool, seatsOf } from '@earnest/sdk/protocol'
import { type Address, numberToHex, zeroHash } from 'viem'

const MEMBERS = 100
const TRIALS = 400
const NEEDED = 4
const STRIKES = 3
/** What a member has at stake, USDC: nobody sells a vote that could cost more for less. */
const STAKE = 250

const members = Array.from({ length: MEMBERS }, (_, i) => ({
  member: numberToHex(i + 1, { size: 20 }) as Address,
  weight: 1_000n,
  trades: 10,
}))
const pool = plantPool(members)
const panels = Array.from({ length: TRIALS }, (_, trial) => {
  const escrowId = numberToHex(trial + 1, { size: 32 })
  const seed = drawSeed({ blockHash: zeroHash, escrowId, panel: 0n })
  return drawPanel({ seed, pool, maySit: () => true }).drawn
})

/** Mulberry32: the same chances in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Share of the draws in which the bribed hold four seats; members are alike, so the first are bought. */
function captured(bribed: number, recognised: number): number {
  const random = createRandom(1)
  const owned = new Set(members.slice(0, bribed).map(({ member }) => member))
  const wins = panels.filter((drawn) => {
    const indices = [...drawn.keys()]
    const known = indices.filter((i) => owned.has(drawn[i] as Address) && random() < recognised)
    const honest = indices.filter((i) => !owned.has(drawn[i] as Address))
    const struck = [...honest.slice(0, STRIKES), ...known.slice(0, STRIKES)].reduce(
      (bits, i) => bits | (1 << i),
      0,
    )
    return seatsOf({ drawn, struck }).filter((member) => owned.has(member)).length >= NEEDED
  })
  return wins.length / TRIALS
}

/** Members that have to be bought beforehand for a chance; null: not even all of them but seven. */
function priceOf(chance: number, recognised: number): number | null {
  for (let bribed = NEEDED; bribed <= MEMBERS - 7; bribed++) {
    if (captured(bribed, recognised) >= chance) return bribed
  }
  return null
}

const price = (bribed: number | null) => ({
  members: bribed,
  usdc: bribed === null ? null : bribed * STAKE,
})
console.log(
  JSON.stringify({
    pool: MEMBERS,
    usdcPerMember: STAKE,
    fixedTopSeven: { ...price(NEEDED), sameFourForEveryDispute: true },
    drawn: [0, 0.5].map((recognised) => ({
      strikesRecogniseBribed: recognised,
      evenChance: price(priceOf(0.5, recognised)),
      nineInTen: price(priceOf(0.9, recognised)),
    })),
    curve: [10, 20, 30, 40, 50, 60].map((bribed) => ({
      bribed,
      captured: captured(bribed, 0),
      capturedHalfRecognised: captured(bribed, 0.5),
    })),
    afterTheDraw: {
      ...price(NEEDED),
      note: 'once the seven are known four bribes suffice, anew for each dispute and within the two phases from draw to commitment; commitments hide a vote from others, not from a briber to whom its voter shows the salt',
    },
  }),
)
