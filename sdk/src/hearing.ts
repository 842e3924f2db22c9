import type { EscrowRef } from './escrow/client.ts'
import { isSameAddress } from './protocol/address.ts'
import { NO_LADDER, unpackLadder } from './protocol/ladder.ts'
import type { Pact } from './protocol/pact.ts'
import type { OracleInfo } from './protocol/route.ts'
import { stakeOf } from './protocol/split.ts'
import { QUORUM } from './protocol/tally.ts'
import { unpackClauses } from './protocol/terms.ts'

/** Why nobody will hear a claim. */
export type Unheard = 'too_few_judges' | 'fee_below_cost'

/**
 * Whether a claim would be heard at all, by what the oracle publishes of its judges: undefined where it may
 * be, also where nothing is published, another arbiter rules or a rung stands above the jury.
 */
export function whyUnheard(
  { escrow: { arbiter, ladder }, disclosure }: Pact,
  { terms: { amount, clauses } }: EscrowRef,
  { judges, arbiters }: Pick<OracleInfo, 'judges' | 'arbiters'>,
): Unheard | undefined {
  const isTheirs = arbiters.some((each) => isSameAddress(each, arbiter))
  // A ladder of another version is not ours to read.
  const isKnown = ladder === NO_LADDER || ladder.startsWith('01')
  if (judges === undefined || !isTheirs || !isKnown) return undefined
  const rungs = unpackLadder(ladder)
  if (rungs !== null && rungs.committeeLimit + rungs.moderatorLimit > 0) return undefined
  const costs = judges
    .filter(({ provider }) => disclosure.judges.includes(provider))
    .map(({ leastUsdc }) => leastUsdc)
    .sort((a, b) => (a < b ? -1 : 1))
  if (costs.length < QUORUM) return 'too_few_judges'
  const least = costs.slice(0, QUORUM).reduce((sum, cost) => sum + cost)
  const { arbitrationFeeBps } = unpackClauses(clauses)
  return stakeOf({ amount, arbitrationFeeBps }) < least ? 'fee_below_cost' : undefined
}
