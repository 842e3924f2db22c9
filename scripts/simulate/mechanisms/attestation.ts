import { mulberry } from '../../bench/forecast-bootstrap.ts'

/** One trade as its witnesses know it. */
export type Scene = {
  /** What really happened, and what each would sign: null where it is away or refuses. */
  fulfilled: boolean
  seller: boolean | null
  buyer: boolean | null
  attestors: readonly (boolean | null)[]
  /** What the chain shows: money went to the seller. */
  paid: boolean
}

/** A standard of attestation: what goes on the record, null for nothing. */
export type Standard = (scene: Scene) => boolean | null

/** The word that at least `needed` say alike. */
function threshold(words: readonly (boolean | null)[], needed: number): boolean | null {
  for (const word of [true, false]) {
    if (words.filter((said) => said === word).length >= needed) return word
  }
  return null
}

/**
 * The five that are compared. The protocol's own: attestors by threshold say what was delivered, both
 * parties signed the terms beforehand, and it counts as fulfilled only where the chain shows the payment.
 */
export const standards: Record<string, Standard> = {
  'seller alone': ({ seller }) => seller,
  'both parties': ({ seller, buyer }) => (seller === buyer ? seller : null),
  'one attestor': ({ attestors: [first = null] }) => first,
  'two of three attestors': ({ attestors }) => threshold(attestors, 2),
  'two of three, and paid': ({ attestors, paid }) => {
    const word = threshold(attestors, 2)
    return word === true && !paid ? null : word
  },
}

/** How a standard does: shares of failures told as fulfilled, of fulfilments told as failed, of nothing told. */
export type Telling = { name: string; praised: number; slandered: number; lost: number }

/**
 * Trades of which a fifth fail. A lying seller praises itself, a spiteful buyer slanders, an attestor is
 * bought by either side or away; payment follows a dispute that is right nine times in ten.
 */
export function compareStandards(
  ways: Record<string, Standard> = standards,
  {
    trades = 20_000,
    seed = 1,
    bought = 0.1,
    away = 0.05,
  }: { trades?: number; seed?: number; bought?: number; away?: number } = {},
): Telling[] {
  return Object.entries(ways).map(([name, tell]) => {
    const random = mulberry(seed)
    const count = { praised: 0, slandered: 0, lost: 0, failed: 0, fulfilled: 0 }
    for (let trade = 0; trade < trades; trade++) {
      const fulfilled = random() >= 0.2
      const seller = random() < 0.5 ? true : fulfilled
      const spite = random() < 0.1
      const absent = random() < 0.2
      const paid = random() < 0.9 ? fulfilled : !fulfilled
      const attestors = Array.from({ length: 3 }, () => {
        const isBought = random() < bought
        const bidder = random() < 0.5
        return random() < away ? null : isBought ? bidder : fulfilled
      })
      const buyer = absent ? null : spite ? false : fulfilled
      const told = tell({ fulfilled, seller, buyer, attestors, paid })
      if (fulfilled) count.fulfilled++
      else count.failed++
      if (told === null) count.lost++
      else if (told && !fulfilled) count.praised++
      else if (!told && fulfilled) count.slandered++
    }
    return {
      name,
      praised: count.praised / count.failed,
      slandered: count.slandered / count.fulfilled,
      lost: count.lost / trades,
    }
  })
}
