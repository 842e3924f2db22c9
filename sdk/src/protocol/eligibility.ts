import type { Address, Hex } from 'viem'
import type { Panel } from './docket.ts'
import { type Draw, drawPanel, drawSeed, seatsOf } from './draw.ts'
import type { PoolTree } from './pool.ts'
import { struckOf } from './seating.ts'

/** Settled trades in the domain that a member needs (TAP-21). */
export const MIN_TRADES = 5
/** A leaf that weighs more than this part of its pool is passed over. */
export const MOST_OF_POOL = 14n
/** Members without which no pool is anchored: three panels (W-27). */
export const MIN_MEMBERS = 21

/** A member's account at the committee, as `memberOf` gives it. */
export interface MemberAccount {
  stake: bigint
  credit: bigint
  since: number
  leavingAt: number
}

/** What a draw depends on beside the pool. */
export interface DrawCase {
  escrowId: Hex
  panel: bigint
  blockHash: Hex
  buyer: Address
  seller: Address
  fundedAt: number
  openedAt: number
  /** The panel appealed against, whose seven are passed over. */
  earlier?: Panel
}

/**
 * Repeats `Committee.draw` off chain: the fourteen, and the proofs by which the contract finds the same.
 * @param readMembers Accounts at the committee; asked only for those that the draw hits.
 * Throws `draw_failed` where the pool cannot fill a panel.
 */
export async function composeDraw(options: {
  pool: PoolTree
  one: DrawCase
  readMembers(members: readonly Address[]): Promise<MemberAccount[]>
}): Promise<Draw> {
  const { pool, one, readMembers } = options
  const seed = drawSeed(one)
  const leaves = new Map(pool.members.map((leaf) => [leaf.member, leaf]))
  const accounts = new Map<Address, MemberAccount>()
  for (;;) {
    const unread: Address[] = []
    const maySit = (member: Address): boolean => {
      const leaf = leaves.get(member)
      const account = accounts.get(member)
      if (!leaf || leaf.trades < MIN_TRADES || leaf.weight * MOST_OF_POOL > pool.total) return false
      if (!account) unread.push(member)
      return account === undefined || isEligible(member, account, one)
    }
    const draw = drawPanel({ seed, pool, maySit })
    if (unread.length === 0) return draw
    const read = await readMembers(unread)
    unread.forEach((member, i) => {
      const account = read[i]
      if (account) accounts.set(member, account)
    })
  }
}

/** What the contract asks of a member besides its leaf. */
export function isEligible(member: Address, account: MemberAccount, one: DrawCase): boolean {
  const same = (other: Address) => other.toLowerCase() === member.toLowerCase()
  if (same(one.buyer) || same(one.seller)) return false
  if (account.since === 0 || account.since >= one.fundedAt) return false
  if (account.leavingAt !== 0 && account.leavingAt < one.openedAt) return false
  const { earlier } = one
  if (!earlier?.draw) return true
  return !seatsOf({ drawn: earlier.draw.members, struck: struckOf(earlier) }).some(same)
}
