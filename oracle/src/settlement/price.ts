import type { Pact } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Tx } from '../store/store.ts'
import type { DeliveryFacts } from '../trust/event.ts'

/** Latest settlements of a capability that are looked at, and sellers below which they are no market. */
const LATEST = 200
const FEWEST_SELLERS = 5

/**
 * What an escrow was priced at, beside the seller's own list as it stood at registration and the median
 * of what other sellers of the capability last got, each seller once; a milestone by its share.
 */
export async function priceFacts(
  tx: Tx,
  { listed, pact, amount }: { listed: string | null; pact: Pact; amount: bigint },
): Promise<Pick<DeliveryFacts, 'agreedPrice' | 'listPrice' | 'medianPrice'>> {
  const median = await medianPrice(tx, pact)
  const shareOf = (price: bigint) => (price * amount) / pact.paymentUsdc
  return {
    agreedPrice: amount,
    ...(listed !== null && { listPrice: shareOf(BigInt(listed)) }),
    ...(median !== undefined && { medianPrice: shareOf(median) }),
  }
}

/** Nobody moves it by trading much: the seller itself is left out and every other counts once. */
async function medianPrice(tx: Tx, { capability, seller }: Pact): Promise<bigint | undefined> {
  const rows = await pricesOf(tx, { capability, seller: seller.did })
  if (rows.length < FEWEST_SELLERS) return undefined
  const prices = rows.map(({ price }) => BigInt(price)).sort((a, b) => (a < b ? -1 : 1))
  const [low, high] = [(prices.length - 1) >> 1, prices.length >> 1]
  return ((prices[low] as bigint) + (prices[high] as bigint)) / 2n
}

const pricesOf = statement(
  (_, { capability, seller }: { capability: string; seller: string }) => sql<{ price: string }>`
    select distinct on (seller_did)
      (select sum(lock.amount::numeric) from lock where lock.pact_id = latest.pact_id)::text as price
    from (
      select seq, seller_did, pact_id from settlement
      where capability = ${capability} and counts and seller_did <> ${seller}
      order by seq desc limit ${sql.lit(LATEST)}
    ) as latest
    order by seller_did, seq desc`,
)
