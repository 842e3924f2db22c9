import * as z from 'zod'
import { type Draftee, draftPact, type Task } from './negotiation/draft.ts'
import { findVenueFault, type SellerPolicy } from './negotiation/evaluate.ts'
import { agreedPactSchema } from './negotiation/respond.ts'
import { address } from './protocol/address.ts'
import type { Clock } from './protocol/clock.ts'
import { decode, encode } from './protocol/decode.ts'
import { did } from './protocol/did.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { hashBytes } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import { type KeyResolver, ownKey } from './protocol/key.ts'
import { ANYONE, fillOffer, isOpenOffer, type OfferRecord, PAY_WITHIN } from './protocol/offer.ts'
import {
  decodePact,
  encodePact,
  hashPact,
  type Pact,
  signPact,
  verifyPactSignature,
  verifySignedPact,
} from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import { utc } from './protocol/time.ts'
import { introduce } from './trust/introduce.ts'
import type { OracleClient } from './trust/oracle.ts'

/** Seconds after its end at which an offer that nobody accepted is forgotten. */
const FORGET_AFTER = 3600
/** No oracle keeps more offers of one seller: one that always has another page is not followed for ever. */
const MAX_PAGES = 10

const madeSchema = z.strictObject({ until: utc })
const customerSchema = z.strictObject({ did, wallet: address })

/** What a seller offers to a person, and until when. */
export interface OfferTerms {
  task: Task
  /** Base units. */
  paymentUsdc: bigint
  /** Unix seconds until which it can be accepted and paid in. */
  until: number
  /** The customer; without one whoever takes it first. */
  customer?: z.output<typeof customerSchema>
}

/** The seller's offers to people, who have a wallet and a browser and no agent. */
export interface Offers {
  /**
   * Signs an offer and lays it down at the oracle; its `url` goes to the customer. It binds this seller
   * until then. The work is due `task.deadline - until` seconds after the last moment to pay. Throws the
   * pact's own codes, `offer_too_long`, `too_many_offers`, `oracle_mismatch`, and by the seller's policy
   * `unsupported_escrow`, `unsupported_arbiter`, `fee_too_high`.
   */
  make(terms: OfferTerms): Promise<OfferRecord>
  /** Takes an offer back that nobody has accepted. Throws `offer_unknown`, `offer_taken`. */
  withdraw(pactId: string): Promise<OfferRecord>
  /** The latest hundred, those that somebody has taken first. */
  list(): Promise<OfferRecord[]>
  /** Confirms what was taken and takes up what was accepted; `start` does this by itself. */
  look(): Promise<void>
}

/** Makes the seller's offers. */
export function createOffers(options: {
  identity: Identity
  oracle: OracleClient
  store: Store
  clock: Clock
  policy: SellerPolicy
  /** This seller as its own card shows it. */
  agent: Draftee
  keyOf?: KeyResolver
}): Offers {
  const { identity, oracle, store, clock, policy, agent, keyOf = ownKey } = options

  async function lay(pact: Pact, answers?: string): Promise<OfferRecord> {
    const pactHash = hashPact(pact)
    const { fundBy } = pact.timing
    // Before it is out: what somebody accepts a moment later has to be known as ours.
    await store.set(`offer/${pactHash}`, encode(madeSchema, { until: fundBy }, 'store_corrupt'))
    const sellerSignature = signPact({ pact, identity })
    const body = { pactHash, terms: pact, sellerSignature, ...(answers && { answers }) }
    return await oracle.call('makeOffer', { body })
  }

  async function make({ task, paymentUsdc, until, customer }: OfferTerms): Promise<OfferRecord> {
    const buyer = customer ?? decode(customerSchema, ANYONE, 'internal')
    const draft = draftPact({
      agent,
      task: { profile: 'human', ...task },
      paymentUsdc,
      buyer,
      oracle: await introduce(oracle),
      now: clock.now(),
    })
    // What the oracle says of place, judge and fees is its word; what this seller signs is its own policy.
    const fault = findVenueFault(draft.escrow, policy)
    if (fault !== undefined) throw new EarnestError(...fault)
    const timing = { ...draft.timing, fundBy: until }
    const by = { proposedBy: identity.did, proposedTo: buyer.did }
    return await lay(decodePact(encodePact({ ...draft, ...by, timing })))
  }

  /** The same terms for whoever took an open offer, once; only what we signed ourselves is confirmed. */
  async function confirm({ pactHash, terms, sellerSignature, claim }: OfferRecord): Promise<void> {
    if (!claim || claim.pactHash !== null || !isOpenOffer(terms)) return
    const isOurs =
      hashPact(terms) === pactHash &&
      terms.seller.did === identity.did &&
      verifyPactSignature({ pact: terms, did: identity.did, signature: sellerSignature, keyOf })
    if (!isOurs) throw new EarnestError('invalid_oracle_answer', 'This seller never signed that')
    const filled = fillOffer(terms, {
      buyer: { did: claim.by, wallet: claim.wallet },
      at: clock.now(),
      nonce: crypto.randomUUID(),
      salt: hashBytes(crypto.getRandomValues(new Uint8Array(32))),
    })
    await lay(decodePact(encodePact(filled)), pactHash)
  }

  /** Holds an accepted pact as agreed: from here on it is worked on like any other. */
  async function takeUp(pactId: string): Promise<void> {
    const key = `offer/${pactId}`
    const known = await store.get(key)
    if (known === undefined) return
    const { until } = decode(madeSchema, known, 'store_corrupt')
    try {
      const record = await oracle.call('getPact', { params: { pactId } })
      const { terms: pact, buyerSignature, sellerSignature } = record
      const signed = { pact, pactHash: pactId, buyerSignature, sellerSignature }
      verifySignedPact(signed, keyOf)
      const agreed = encode(agreedPactSchema, { signed, taskId: key }, 'store_corrupt')
      await store.set(`pact/${pactId}`, agreed)
      await store.delete(key)
    } catch (error) {
      // One that cannot be taken up, such as by a key that is not known here, holds up no other.
      if (!isEarnestError(error) || error.retryable) throw error
      if (clock.now() > until + PAY_WITHIN + FORGET_AFTER) await store.delete(key)
    }
  }

  async function page(cursor?: string) {
    return await oracle.call('listOffers', { query: { ...(cursor && { cursor }) } })
  }

  /** Confirms what was taken. It stands first in the list: where it ends, no further page is asked for. */
  async function confirmTaken(): Promise<void> {
    let next: string | undefined
    for (let asked = 0; asked < MAX_PAGES; asked++) {
      const { offers, cursor } = await page(next)
      for (const offer of offers) {
        await confirm(offer).catch((error) => {
          if (!isEarnestError(error) || error.retryable) throw error
        })
      }
      if (!cursor || !offers.at(-1)?.claim) return
      next = cursor
    }
  }

  return {
    make,
    async list() {
      return (await page()).offers
    },
    async withdraw(pactId) {
      return await oracle.call('withdrawOffer', { params: { pactId } })
    },
    async look() {
      const keys = await store.keys('offer/')
      // A seller that offers nothing asks nothing.
      if (keys.length === 0) return
      await confirmTaken()
      for (const key of await store.keys('offer/')) await takeUp(key.slice('offer/'.length))
    },
  }
}
