import type { Address, Hex } from 'viem'
import { STRIKE_REASONS, type StrikeReason } from '../protocol/docket.ts'
import { EarnestError } from '../protocol/error.ts'
import { seatOf } from '../protocol/seating.ts'
import type { EscrowClient, EscrowRef, Sent } from './client.ts'
import { callCommittee, readCourt } from './court.ts'
import { readDocket } from './readDocket.ts'

/** Whom a party takes off the list, and why. */
export interface StrikeParameters {
  escrow: EscrowRef
  member: Address
  reason: StrikeReason
  /** 32 bytes: hash of the public evidence for the reason. */
  evidenceHash: Hex
}

/**
 * Strikes one of the fourteen that were drawn, as buyer or seller; three at most. Throws
 * `member_not_drawn`, `too_many_strikes`, `already_struck`, `after_phase`.
 */
export async function strike(
  client: EscrowClient,
  { escrow, member, reason, evidenceHash }: StrikeParameters,
): Promise<Sent> {
  const { chainId, terms } = escrow
  const court = await readCourt(client, { chainId, arbiter: terms.arbiter })
  const { panels } = await readDocket(client, escrow)
  const panel = panels.at(-1)
  const place = panel && seatOf(panel, member)
  if (!panel?.draw || !place) {
    throw new EarnestError('member_not_drawn', `${member} is not on the list`)
  }
  const number = BigInt(panels.length - 1)
  const code = STRIKE_REASONS.indexOf(reason)
  const args = [terms, number, panel.draw.members, BigInt(place.index), code, evidenceHash]
  return await callCommittee(client, court, 'strike', args)
}
