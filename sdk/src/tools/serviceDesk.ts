import { escrowOfPact } from '../escrow/client.ts'
import { encode } from '../protocol/decode.ts'
import { isEarnestError } from '../protocol/error.ts'
import type { OracleEvent } from '../protocol/event.ts'
import { formatUsdc } from '../protocol/money.ts'
import { milestoneOf } from '../protocol/pact.ts'
import type { Store } from '../protocol/store.ts'
import { formatUtc } from '../protocol/time.ts'
import type { Seller, SellerOptions } from '../seller.ts'
import { listen } from '../trust/listen.ts'
import type { ArtifactShelf, Standing } from './artifactShelf.ts'
import { isAbout, type Offer, type OfferBook, offerSchema } from './offerBook.ts'
import type { SystemChannel, SystemMessage } from './systemChannel.ts'
import { refusal } from './tool.ts'
import { readTrade, sellerStep, type Trade } from './trade.ts'
import type { Workbench } from './workbench.ts'

/** What the tools of a seller work with. */
export interface DeskOptions extends Pick<SellerOptions, 'wallet' | 'oracle'> {
  store: Store
  seller: Seller
  offers: OfferBook
  shelf: ArtifactShelf
  bench: Workbench
  system: SystemChannel
  onMessage: (message: SystemMessage) => void
}

/** The desk at which services are looked up; it changes nothing. */
export interface ServiceDesk extends DeskOptions {
  /** Takes a signed event into the system channel, where it is about a pact of ours. */
  hear(event: OracleEvent): Promise<void>
  /** The signed funding of an escrow; asked for once more where the line was broken when it came. */
  fundingOf(trade: Trade): Promise<OracleEvent | undefined>
  /** The pact behind an offer or its own id; undefined where nobody took the offer. Throws `unknown_service`. */
  pactIdOf(id: string): Promise<string | undefined>
  /** Pacts that may have taken an offer up: what stood before it, or took another up, is another trade. */
  pactsAbout(offer: Offer): Promise<string[]>
  /** Throws `unknown_service`, `not_agreed`, `unknown_milestone`. */
  find(id: string, milestone?: number): Promise<Trade>
  /** Throws `not_funded`: nothing is worked on, sent or completed before money and message are there. */
  opened(trade: Trade): Promise<Standing>
}

/** Makes the desk of one seller. */
export function createServiceDesk(options: DeskOptions): ServiceDesk {
  const { wallet, oracle, store, seller, offers, system, onMessage } = options
  let hearing: Promise<unknown> = Promise.resolve()

  /** In order and each once, however often it is said. */
  function hear(event: OracleEvent): Promise<void> {
    const step = hearing.then(async () => {
      const { pactId, escrowId } = event
      const agreed = pactId === null ? undefined : await seller.negotiator.agreed(pactId)
      if (agreed === undefined) return
      const { pact } = agreed.signed
      const parts = Array.from({ length: pact.milestones?.length ?? 1 }, (_, index) => index)
      const isOurs = parts.some(
        (part) => escrowOfPact({ pact, milestone: part }).escrowId === escrowId,
      )
      if (!isOurs) return
      const message = await system.announce(event)
      if (message !== undefined) onMessage(message)
    })
    hearing = step.catch(() => {})
    return step
  }

  async function fundingOf({ escrowId, chain }: Trade): Promise<OracleEvent | undefined> {
    const known = await system.fundingOf(escrowId)
    if (known !== undefined || chain.state === 'None') return known
    const signal = AbortSignal.timeout(2000)
    try {
      for await (const event of listen(oracle, { query: { escrowId }, signal })) {
        await hear(event)
        // A funding that was taken back may stand before the one that holds.
        if ((await system.fundingOf(escrowId)) !== undefined) break
      }
    } catch (error) {
      if (!isEarnestError(error)) throw error
    }
    return await system.fundingOf(escrowId)
  }

  async function pactIdOf(id: string): Promise<string | undefined> {
    if (/^[0-9a-f]{64}$/.test(id)) return id
    const offer = await offers.read(id)
    if (offer === undefined) throw unknownService()
    if (offer.pactId !== undefined) return offer.pactId
    const [pactId] = await pactsAbout(offer)
    // Written down: an id that a model holds never comes to mean another trade.
    if (pactId !== undefined) await offers.write({ ...offer, pactId })
    return pactId
  }

  async function pactsAbout(offer: Offer): Promise<string[]> {
    const others = new Set((await offers.all()).map(({ pactId }) => pactId))
    for (const pactId of offer.earlier ?? []) others.add(pactId)
    const found: string[] = []
    for (const place of await store.keys('pact/')) {
      const pactId = place.slice('pact/'.length)
      const agreed = others.has(pactId) ? undefined : await seller.negotiator.agreed(pactId)
      if (agreed !== undefined && isAbout(offer, agreed.signed.pact)) found.push(pactId)
    }
    return found
  }

  async function find(id: string, part = 0): Promise<Trade> {
    const pactId = await pactIdOf(id)
    if (pactId === undefined) {
      throw refusal('not_agreed', 'The customer has not signed this offer', sellerStep('offered'))
    }
    const agreed = await seller.negotiator.agreed(pactId)
    if (agreed === undefined) throw unknownService()
    return await readTrade(wallet, { pact: agreed.signed.pact, pactId, milestone: part })
  }

  async function opened(trade: Trade): Promise<Standing> {
    const funding = await fundingOf(trade)
    if (trade.chain.state === 'None' || funding === undefined) {
      throw refusal(
        'not_funded',
        'No signed message says that this escrow is funded',
        sellerStep('agreed'),
      )
    }
    return { seq: String(trade.chain.seq), funding: funding.id }
  }

  return { ...options, hear, fundingOf, pactIdOf, pactsAbout, find, opened }
}

/** What a model is told of an agreed service. */
export function factsOf(id: string, { pact, pactId, escrowId, milestone: part, chain }: Trade) {
  const { paymentUsdc, deadlineUtc } = milestoneOf(pact, part)
  return {
    service_id: id,
    pact_id: pactId,
    escrow_id: escrowId,
    milestone: part,
    capability: pact.capability,
    task: pact.taskDescription,
    input: pact.input,
    price_usdc: formatUsdc(paymentUsdc),
    deadline: formatUtc(deadlineUtc),
    window_ends: chain.timerEnd === 0 ? null : formatUtc(chain.timerEnd),
  }
}

/** What a model is told of an offer. */
export function factsOfOffer(offer: Offer) {
  const { serviceId: id, earlier: _, ...rest } = encode(offerSchema, offer, 'store_corrupt')
  return { service_id: id, status: 'offered', offer: rest }
}

/** No service of this agent. */
export function unknownService() {
  return refusal('unknown_service', 'No service of yours has this id', 'Call list_services.')
}
