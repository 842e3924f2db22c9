import { type Address, concat, type Hex, keccak256, numberToHex, zeroHash } from 'viem'
import { EarnestError } from './error.ts'

/** One member of a committee pool; the leaves are public (contracts/src/arbiter/SumTree.sol). */
export interface PoolMember {
  member: Address
  /** Capped reputation in the pool's domain. */
  weight: bigint
  /** Settled trades in the domain. */
  trades: number
}

/** A leaf with its way to the root, as `Committee.draw` takes it. */
export interface PoolLeaf extends PoolMember {
  index: number
  /** 40 bytes a level from the leaf up: hash of the sibling, its sum. */
  siblings: Hex
}

/** A Merkle tree whose nodes carry the sum of the weights below them. */
export interface PoolTree {
  root: Hex
  total: bigint
  members: readonly PoolMember[]
  leaf(index: number): PoolLeaf
}

interface Node {
  hash: Hex
  sum: bigint
}

const LIMIT = 1n << 64n

/** Plants the tree of a pool. Throws `invalid_pool` without members or with weights of 64 bits and more. */
export function plantPool(members: readonly PoolMember[]): PoolTree {
  if (members.length === 0) throw new EarnestError('invalid_pool', 'A pool has members')
  const width = 2 ** Math.ceil(Math.log2(members.length))
  const first = members.map(hashMember)
  while (first.length < width) first.push({ hash: zeroHash, sum: 0n })
  const levels: Node[][] = [first]
  for (let level = first; level.length > 1; level = levels.at(-1) ?? []) {
    levels.push(level.flatMap((left, i) => (i % 2 === 0 ? [join(left, level[i + 1])] : [])))
  }
  const top = levels.at(-1)?.[0]
  if (!top || top.sum === 0n || top.sum >= LIMIT) {
    throw new EarnestError('invalid_pool', 'The weights of a pool sum to 1 .. 2^64 - 1')
  }
  return {
    root: top.hash,
    total: top.sum,
    members,
    leaf(index) {
      const member = members[index]
      if (!member) throw new EarnestError('invalid_pool', `The pool has no leaf ${index}`)
      const siblings = levels.slice(0, -1).map((level, height) => {
        const sibling = level[(index >> height) ^ 1]
        if (!sibling) throw new EarnestError('invalid_pool', 'The tree is not full')
        return concat([sibling.hash, numberToHex(sibling.sum, { size: 8 })])
      })
      return { ...member, index, siblings: concat(siblings) }
    },
  }
}

/** What m attestors sign to anchor pool `number` (from 1) at the committee. */
export function poolTypedData(options: {
  chainId: number
  committee: Address
  number: bigint
  /** keccak256 of the capability's name. */
  domain: Hex
  root: Hex
  total: bigint
  members: bigint
}) {
  const { chainId, committee, number, domain, root, total, members } = options
  return {
    domain: { name: 'Earnest Committee', version: '1', chainId, verifyingContract: committee },
    types: {
      Pool: [
        { name: 'number', type: 'uint256' },
        { name: 'domain', type: 'bytes32' },
        { name: 'root', type: 'bytes32' },
        { name: 'total', type: 'uint256' },
        { name: 'members', type: 'uint256' },
      ],
    },
    primaryType: 'Pool',
    message: { number, domain, root, total, members },
  } as const
}

function hashMember({ member, weight, trades }: PoolMember): Node {
  if (weight < 0n || weight >= LIMIT) {
    throw new EarnestError('invalid_pool', `The weight of ${member} has 64 bits at most`)
  }
  const packed = [member, numberToHex(weight, { size: 8 }), numberToHex(trades, { size: 4 })]
  return { hash: keccak256(concat(['0x00', ...(packed as Hex[])])), sum: weight }
}

function join(left: Node, right: Node | undefined): Node {
  if (!right) throw new EarnestError('invalid_pool', 'The tree is not full')
  const node = concat([
    '0x01',
    left.hash,
    numberToHex(left.sum, { size: 8 }),
    right.hash,
    numberToHex(right.sum, { size: 8 }),
  ])
  return { hash: keccak256(node), sum: left.sum + right.sum }
}
