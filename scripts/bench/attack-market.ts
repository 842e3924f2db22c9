import type { TrustEvent } from '../../oracle/src/trust/event.ts'
import { mulberry } from './forecast-bootstrap.ts'
import type { Rating } from './forecast-ratings.ts'

const CENT = 10_000
const DAY = 86_400

/**
 * The ratings as a live market: amounts, durations and origins that honest people have, drawn from a
 * seeded generator. A third sells at a list price, a quarter works within seconds, some share an
 * organisation or the wallet that funded them first, as colleagues and customers of one bank do.
 */
export function marketOf(ratings: readonly Rating[]): TrustEvent[] {
  const random = mulberry(11)
  const people = new Map<string, { list: number; quick: boolean }>()
  const events: TrustEvent[] = []
  const person = (id: string, at: number): { list: number; quick: boolean } => {
    const known = people.get(id)
    if (known) return known
    const fresh = {
      list: random() < 1 / 3 ? Math.ceil(5 + random() * 200) * 100 * CENT : 0,
      quick: random() < 0.25,
    }
    people.set(id, fresh)
    const origin = random()
    const group = Math.floor(random() * 40)
    if (origin < 0.05) {
      events.push({ kind: 'agent', agent: id, at, organization: `company-${group}` })
    } else if (origin < 0.1) {
      events.push({ kind: 'agent', agent: id, at, funder: `wallet-${group}` })
    }
    return fresh
  }
  for (const [index, { rater, ratee, rating, at }] of ratings.entries()) {
    person(rater, at)
    const seller = person(ratee, at)
    const amount = seller.list || Math.round(Math.exp(1 + 4 * random()) * 100) * CENT
    const duration = seller.quick ? 5 + 40 * random() : 3_600 * (1 + 40 * random())
    events.push(
      trade({
        index,
        buyer: rater,
        seller: ratee,
        at,
        amount,
        duration,
        list: seller.list,
        failed: rating < 0,
      }),
    )
  }
  return events
}

/** One trade of a market, amounts in base units. */
export function trade(deal: {
  index: number | string
  buyer: string
  seller: string
  at: number
  amount: number
  duration: number
  list?: number
  failed?: boolean
}): TrustEvent {
  const { buyer, seller, at, failed } = deal
  const amount = BigInt(Math.round(deal.amount))
  return {
    kind: 'settled',
    escrowId: `trade-${deal.index}`,
    at,
    buyer,
    seller,
    capability: 'any',
    amount,
    protocolFee: failed ? 0n : amount / 200n,
    ending: failed ? 'expired' : 'completed',
    sellerBps: failed ? 0 : 10_000,
    facts: {
      fundedAt: at - deal.duration,
      deliverBy: at + DAY,
      ...(failed ? {} : { deliveredAt: at }),
      ...(deal.list ? { listPrice: BigInt(deal.list) } : {}),
    },
  }
}
