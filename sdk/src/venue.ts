import * as z from 'zod'
import { address, chainId, isSameAddress } from './protocol/address.ts'
import { decode, encode } from './protocol/decode.ts'
import { EarnestError } from './protocol/error.ts'
import type { OracleInfo } from './protocol/route.ts'
import type { Store } from './protocol/store.ts'

const venueSchema = z.strictObject({
  chainId,
  escrow: address,
  token: address,
  arbiters: z.array(address).min(1),
})

/** Where a buyer lets its money lie, and who may judge about it. */
export type Venue = z.output<typeof venueSchema>

/**
 * Holds an oracle's word about itself against the buyer's own list; without a list its first word is kept
 * in the journal and every later one must be the same. Gives the arbiters that both name.
 * Throws `venue_mismatch`.
 */
export async function agreeOnVenue(
  info: OracleInfo,
  { venue, journal }: { venue: Venue | undefined; journal: Store },
): Promise<OracleInfo> {
  const own = venue ?? (await firstWord(info, journal))
  const facts = [
    ['chainId', info.chainId === own.chainId],
    ['escrow', isSameAddress(info.escrow, own.escrow)],
    ['token', isSameAddress(info.token, own.token)],
  ] as const
  const field = facts.find(([, holds]) => !holds)?.[0]
  if (field !== undefined) throw mismatch(field, info[field], own[field])
  const arbiters = info.arbiters.filter((each) =>
    own.arbiters.some((known) => isSameAddress(each, known)),
  )
  if (arbiters.length === 0) throw mismatch('arbiters', info.arbiters, own.arbiters)
  return { ...info, arbiters }
}

async function firstWord(info: OracleInfo, journal: Store): Promise<Venue> {
  const key = `venue/${info.did}`
  const before = await journal.get(key)
  if (before !== undefined) return decode(venueSchema, before, 'store_corrupt')
  const { chainId, escrow, token, arbiters } = info
  const venue = { chainId, escrow, token, arbiters }
  const wire = encode(venueSchema, venue, 'invalid_oracle_answer')
  if (await journal.swap(key, undefined, wire)) return venue
  return decode(venueSchema, await journal.get(key), 'store_corrupt')
}

function mismatch(field: string, got: unknown, want: unknown): EarnestError {
  return new EarnestError('venue_mismatch', `The oracle names another ${field} than this buyer`, {
    details: { field, got, want },
  })
}
