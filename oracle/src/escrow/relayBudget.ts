import { EarnestError } from '@earnest/sdk/protocol'
import type { Tx } from '../store/store.ts'

/** Gas that this oracle pays for others. */
export type RelayBudget = {
  /** For one agent that is a party of what it sends, each day. */
  perDay: bigint
  /** For one agent before it is a party of any registered pact, ever. */
  forStranger: bigint
  /** For all together, each hour; at most a tenth of it for strangers. */
  perHour: bigint
}

/** Some eighty fundings for an agent and day, two for a stranger ever, two thousand an hour in all. */
export const RELAY_BUDGET: RelayBudget = {
  perDay: 20_000_000n,
  forStranger: 500_000n,
  perHour: 500_000_000n,
}

/** The day under which a stranger's one allowance is booked. */
const EVER = -1
/** Part of the hour that strangers may use. */
const STRANGERS = 10n

/**
 * Books the gas of one relayed call; the row of the hour is locked until the transaction ends.
 * @throws relay_budget_exhausted with `details.retryAfter` in seconds where waiting helps.
 */
export async function bookGas(
  tx: Tx,
  {
    did,
    gas,
    isParty,
    budget,
    now,
  }: { did: string; gas: bigint; isParty: boolean; budget: RelayBudget; now: number },
): Promise<void> {
  const hour = Math.floor(now / 3600)
  const strange = isParty ? 0n : gas
  const all = await tx
    .insertInto('relay_hour')
    .values({ hour, gas: String(gas), strangers: String(strange) })
    .onConflict((conflict) =>
      conflict.column('hour').doUpdateSet((eb) => ({
        gas: eb('relay_hour.gas', '+', String(gas)),
        strangers: eb('relay_hour.strangers', '+', String(strange)),
      })),
    )
    .returning(['gas', 'strangers'])
    .executeTakeFirstOrThrow()
  if (BigInt(all.gas) > budget.perHour || BigInt(all.strangers) > budget.perHour / STRANGERS) {
    throw exhausted('This oracle relays no more in this hour', (hour + 1) * 3600 - now)
  }
  const day = isParty ? Math.floor(now / 86_400) : EVER
  const own = await tx
    .insertInto('relay')
    .values({ did, day, gas: String(gas) })
    .onConflict((conflict) =>
      conflict
        .columns(['did', 'day'])
        .doUpdateSet((eb) => ({ gas: eb('relay.gas', '+', String(gas)) })),
    )
    .returning('gas')
    .executeTakeFirstOrThrow()
  if (!isParty && BigInt(own.gas) > budget.forStranger) {
    throw exhausted('Register a pact first, or send the transaction yourself')
  }
  if (isParty && BigInt(own.gas) > budget.perDay) {
    throw exhausted('Send the transaction yourself', (day + 1) * 86_400 - now)
  }
}

function exhausted(message: string, retryAfter?: number): EarnestError {
  return new EarnestError('relay_budget_exhausted', message, {
    ...(retryAfter !== undefined && { retryable: true, details: { retryAfter } }),
  })
}
