import * as z from 'zod'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { decode, encode } from '../protocol/decode.ts'
import { did } from '../protocol/did.ts'
import { json } from '../protocol/json.ts'
import { usdc } from '../protocol/money.ts'
import type { Pact } from '../protocol/pact.ts'
import type { Store } from '../protocol/store.ts'
import { utc } from '../protocol/time.ts'

/** A service that an agent has offered; nothing binds before both have signed a pact. */
export const offerSchema = z.strictObject({
  serviceId: z.string(),
  /** Absent: for whoever takes it. */
  buyerDid: did.exactOptional(),
  capability: z.string(),
  description: z.string(),
  input: json,
  outputFormats: z.array(mime),
  acceptance: z.array(criterionSchema),
  priceUsdc: usdc,
  deadlineUtc: utc,
  offeredAt: utc,
  isCancelled: z.boolean(),
  /** Pacts about the same that stood when it was made, and so are other trades. */
  earlier: z.array(z.string()).exactOptional(),
  /** The pact that took it up. */
  pactId: z.string().exactOptional(),
})
export type Offer = z.output<typeof offerSchema>

/** The offers of one agent. */
export interface OfferBook {
  write(offer: Offer): Promise<void>
  read(serviceId: string): Promise<Offer | undefined>
  all(): Promise<Offer[]>
  /** The open offer that a pact takes up; of several the dearest. */
  matching(pact: Pact): Promise<Offer | undefined>
}

/** True where a pact is about what was offered; its price and terms are for the engine to weigh. */
export function isAbout({ buyerDid, capability, description }: Offer, pact: Pact): boolean {
  return (
    capability === pact.capability &&
    description === pact.taskDescription &&
    (buyerDid === undefined || buyerDid === pact.buyer.did)
  )
}

/** Keeps the offers in the agent's store. */
export function createOfferBook(store: Store): OfferBook {
  async function read(serviceId: string): Promise<Offer | undefined> {
    const wire = await store.get(`tools/offer/${serviceId}`)
    return wire === undefined ? undefined : decode(offerSchema, wire, 'store_corrupt')
  }

  async function all(): Promise<Offer[]> {
    const offers: Offer[] = []
    for (const place of await store.keys('tools/offer/')) {
      offers.push(decode(offerSchema, await store.get(place), 'store_corrupt'))
    }
    return offers.sort((a, b) => a.offeredAt - b.offeredAt)
  }

  return {
    read,
    all,
    async write(offer) {
      await store.set(`tools/offer/${offer.serviceId}`, encode(offerSchema, offer, 'store_corrupt'))
    },
    async matching(pact) {
      const open = (await all()).filter(
        (offer) => !offer.isCancelled && offer.pactId === undefined && isAbout(offer, pact),
      )
      return open.sort((a, b) => (a.priceUsdc < b.priceUsdc ? 1 : -1)).at(0)
    },
  }
}
