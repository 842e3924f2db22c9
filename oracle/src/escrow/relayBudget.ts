import { EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
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
  const day = isParty ? Math.floor(now / 86_400) : EVER
  const [booked] = await book(tx, {
    ...{ did, hour, day },
    gas: String(gas),
    strange: String(strange),
  })
  if (booked === undefined) throw new EarnestError('store_unreachable', 'No answer')
  if (
    BigInt(booked.gas) > budget.perHour ||
    BigInt(booked.strangers) > budget.perHour / STRANGERS
  ) {
    throw exhausted('This oracle relays no more in this hour', (hour + 1) * 3600 - now)
  }
  if (!isParty && BigInt(booked.own) > budget.forStranger) {
    throw exhausted('Register a pact first, or send the transaction yourself')
  }
  if (isParty && BigInt(booked.own) > budget.perDay) {
    throw exhausted('Send the transaction yourself', (day + 1) * 86_400 - now)
  }
}

function exhausted(message: string, retryAfter?: number): EarnestError {
  return new EarnestError('relay_budget_exhausted', message, {
    ...(retryAfter !== undefined && { retryable: true, details: { retryAfter } }),
  })
}

type Booking = { did: string; hour: number; day: number; gas: string; strange: string }

/** The second insertion reads the first, so that everybody locks the hour before the agent. */
const book = statement(
  (_, { did, hour, day, gas, strange }: Booking) => sql<{
    gas: string
    strangers: string
    own: string
  }>`
    with hour as (
      insert into relay_hour (hour, gas, strangers) values (${hour}, ${gas}, ${strange})
      on conflict (hour) do update set
        gas = relay_hour.gas + excluded.gas,
        strangers = relay_hour.strangers + excluded.strangers
      returning gas, strangers
    ), own as (
      insert into relay (did, day, gas)
      select ${did}::text, ${day}::int8, ${gas}::numeric from hour
      on conflict (did, day) do update set gas = relay.gas + excluded.gas
      returning gas
    )
    select hour.gas, hour.strangers, own.gas as own from hour, own`,
)
