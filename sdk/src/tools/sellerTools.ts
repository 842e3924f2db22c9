import { createMemoryStore } from '../memoryStore.ts'
import { evaluatePactTerms } from '../negotiation/evaluate.ts'
import { EarnestError } from '../protocol/error.ts'
import { formatUsdc } from '../protocol/money.ts'
import type { Pact } from '../protocol/pact.ts'
import { createSeller, type Seller, type SellerOptions } from '../seller.ts'
import type { Skill } from '../skill.ts'
import { createArtifactShelf } from './artifactShelf.ts'
import { disputeTools } from './disputeTools.ts'
import { createKeyBook } from './keyBook.ts'
import { lookTools } from './lookTools.ts'
import { createOfferBook } from './offerBook.ts'
import { offerTools } from './offerTools.ts'
import {
  createRefundGuard,
  defaultRefundRule,
  type RefundRule,
  type ToolAlert,
} from './refundGuard.ts'
import { createServiceDesk } from './serviceDesk.ts'
import { createSystemChannel, type SystemChannel, type SystemMessage } from './systemChannel.ts'
import type { Tool } from './tool.ts'
import { createWorkbench, type Service } from './workbench.ts'
import { workTools } from './workTools.ts'

/** What a seller that a model drives is made of. */
export interface SellerToolsOptions extends Omit<SellerOptions, 'skills'> {
  /** What the model does by itself, with tools. */
  services: readonly Service[]
  /** What functions do beside it. */
  skills?: readonly Skill[]
  /** Each message of the platform, once, as it comes: put it into the model's context as a system message. */
  onMessage?: (message: SystemMessage) => void
  /** What the owner should hear of. */
  onAlert?: (alert: ToolAlert) => void
  refundRule?: RefundRule
  /** Seconds that `complete_service` waits for the chain; then it says `delivering`. */
  waitSeconds?: number
}

/** A seller with the tools that a model gets. */
export interface SellerTools {
  seller: Seller
  tools: readonly Tool[]
  /** The session's system channel: the only word about money that counts. */
  system: SystemChannel
}

/**
 * Makes a seller whose services a model does with tools. The tools call the engine and nothing else: what
 * state a trade is in, the chain says; that money is there, only the signed funding says; that something was
 * delivered, only an artifact that was really sent says (TOL-01 to TOL-13).
 * Throws `duplicate_service`.
 * @example
 * const { seller, tools, system } = createSellerTools({ ...sellerOptions, services })
 * await seller.register()
 * await seller.start()
 */
export function createSellerTools(options: SellerToolsOptions): SellerTools {
  const { identity, wallet, oracle, clock, services, policy } = options
  const { onMessage = () => {}, onAlert = () => {}, waitSeconds = 120 } = options
  const { refundRule: rule = defaultRefundRule } = options
  const store = options.store ?? createMemoryStore()
  const keys = createKeyBook(store, clock)
  const offers = createOfferBook(store)
  const shelf = createArtifactShelf(store)
  const system = createSystemChannel(store)
  const bench = createWorkbench()
  const guard = createRefundGuard({ store, clock, rule, onAlert })
  const weigh =
    options.evaluate ?? ((pact: Pact) => evaluatePactTerms(pact, { policy, now: clock.now() }))

  const skills = [...services.map((service) => bench.skillOf(service)), ...(options.skills ?? [])]
  if (new Set(skills.map(({ id }) => id)).size < skills.length) {
    throw new EarnestError('duplicate_service', 'A capability is done by a model or by a function')
  }
  const seller = createSeller({
    ...options,
    store,
    skills,
    async evaluate(pact) {
      const evaluation = await weigh(pact)
      const offer = await offers.matching(pact)
      // An offer lifts the price for its customer; below the policy it was never made.
      if (!evaluation.acceptable || offer === undefined || pact.paymentUsdc >= offer.priceUsdc) {
        return evaluation
      }
      const reason = `Offered for ${formatUsdc(offer.priceUsdc)} USDC`
      const counterProposal = { paymentUsdc: offer.priceUsdc }
      return { acceptable: false, counterProposal, reasonCode: 'price_too_low', reason }
    },
    onEvent(event) {
      if (event.type === 'oracle_event') void desk.hear(event.event).catch(() => {})
      options.onEvent?.(event)
    },
  })
  const parts = { wallet, oracle, store, seller, offers, shelf, bench, system, onMessage }
  const desk = createServiceDesk(parts)
  const tools = [
    ...offerTools(desk, { keys, identity, policy, clock, services }),
    ...workTools(desk, { keys, clock, waitSeconds }),
    ...disputeTools(desk, { keys, guard }),
    ...lookTools(desk),
  ]
  return { seller, tools, system }
}
