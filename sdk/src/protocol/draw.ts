import { type Address, concat, encodeAbiParameters, type Hex, keccak256, numberToHex } from 'viem'
import { EarnestError } from './error.ts'
import type { PoolLeaf, PoolTree } from './pool.ts'

/** Members that are drawn for a panel; the first seven that are not struck sit. */
const DRAWN = 14
const SEATS = 7
/** Attempts after which a pool is too small or too uneven for a draw. */
const ATTEMPTS = 4096
const LEAD = 64n
const HISTORY = 8191n

/** A draw as `Committee.draw` takes it, and the members that it gives. */
export interface Draw {
  leaves: PoolLeaf[]
  /** Which of the leaves holds the target of each attempt: one byte, two where there are over 256 leaves. */
  order: Hex
  drawn: Address[]
}

/**
 * The one block whose hash seeds a draw that is made at `blockNumber`: openBlock + 64, and every 8,191
 * blocks later the next one (EIP-2935). Null while it is still to come.
 */
export function seedBlockOf(options: { openBlock: bigint; blockNumber: bigint }): bigint | null {
  const first = options.openBlock + LEAD
  if (options.blockNumber <= first) return null
  return first + ((options.blockNumber - first - 1n) / HISTORY) * HISTORY
}

/** The seed of a panel: keccak256(block hash, escrow id, panel). */
export function drawSeed(options: { blockHash: Hex; escrowId: Hex; panel: bigint }): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }],
      [options.blockHash, options.escrowId, options.panel],
    ),
  )
}

/**
 * Repeats the draw of a panel; anyone gets the same fourteen.
 * @param maySit What `Committee` asks of a member: staked in time, no party, no seat on the panel appealed
 * against, at least 5 trades in the domain, at most a fourteenth of the pool's weight.
 * Throws `draw_failed` where the pool cannot fill a panel.
 */
export function drawPanel(options: {
  seed: Hex
  pool: PoolTree
  maySit(member: Address): boolean
}): Draw {
  const { seed, pool, maySit } = options
  const ends: bigint[] = []
  for (const { weight } of pool.members) ends.push((ends.at(-1) ?? 0n) + weight)
  const places = new Map<number, number>()
  const leaves: PoolLeaf[] = []
  const order: number[] = []
  const drawn: Address[] = []
  while (drawn.length < DRAWN) {
    if (order.length === ATTEMPTS) {
      throw new EarnestError('draw_failed', 'The pool cannot fill a panel of fourteen')
    }
    const target = targetOf({ seed, attempt: order.length, total: pool.total })
    const index = ends.findIndex((end) => target < end)
    let place = places.get(index)
    if (place === undefined) {
      place = leaves.length
      const leaf = pool.leaf(index)
      places.set(index, place)
      leaves.push(leaf)
      if (maySit(leaf.member) && !drawn.includes(leaf.member)) drawn.push(leaf.member)
    }
    order.push(place)
  }
  const size = leaves.length > 256 ? 2 : 1
  return { leaves, order: concat(order.map((each) => numberToHex(each, { size }))), drawn }
}

/** The seven that sit: the first that are not struck (bit i of `struck`: the i-th drawn). */
export function seatsOf(options: { drawn: readonly Address[]; struck: number }): Address[] {
  return options.drawn.filter((_, i) => ((options.struck >> i) & 1) === 0).slice(0, SEATS)
}

/** What a seat commits to before it reveals its vote; `salt` is 32 random bytes, never used twice. */
export function voteCommitment(options: {
  chainId: number
  arbiter: Address
  escrowId: Hex
  panel: bigint
  voter: Address
  sellerBps: bigint
  salt: Hex
}): Hex {
  const { chainId, arbiter, escrowId, panel, voter, sellerBps, salt } = options
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'address' },
        { type: 'bytes32' },
        { type: 'uint256' },
        { type: 'address' },
        { type: 'uint256' },
        { type: 'bytes32' },
      ],
      [BigInt(chainId), arbiter, escrowId, panel, voter, sellerBps, salt],
    ),
  )
}

function targetOf(options: { seed: Hex; attempt: number; total: bigint }): bigint {
  const { seed, attempt, total } = options
  const hash = keccak256(
    encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [seed, BigInt(attempt)]),
  )
  return BigInt(hash) % total
}
