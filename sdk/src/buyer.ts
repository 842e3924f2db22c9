import { agree } from './agree.ts'
import { approve } from './approve.ts'
import { type BuyerOptions, openBuyer } from './buyerContext.ts'
import { discover } from './discovery/discover.ts'
import { disputeTrade } from './disputeTrade.ts'
import { draftTrade, type Wish } from './draftTrade.ts'
import { fundAndSettle } from './fundAndSettle.ts'
import { findTrade, openTrades, readTrade, recordOf, stopTrade, type Trade } from './journal.ts'
import type { Task } from './negotiation/draft.ts'
import type { Complaint } from './objection.ts'
import { offerSplit, type SplitOffer } from './offerSplit.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { parseUsdc } from './protocol/money.ts'
import type { HireResult } from './receipts.ts'
import type { Assessment } from './trust/assess.ts'
import { type Candidate, type SearchOptions, search } from './trust/search.ts'

export type { BuyerOptions } from './buyerContext.ts'
export { type Agent, discover } from './discovery/discover.ts'
export { createFileStore } from './fileStore.ts'
export { openTrades } from './journal.ts'
export { createMemoryStore } from './memoryStore.ts'
export { type Channel, createChannel } from './negotiation/channel.ts'
export { draftPact, type Task } from './negotiation/draft.ts'
export { type BuyerPolicy, evaluateCounter } from './negotiation/evaluateCounter.ts'
export { negotiate } from './negotiation/negotiate.ts'
export { sendAndWait, type Waited, type WaitOptions } from './negotiation/sendAndWait.ts'
export type { Progress } from './progress.ts'
export type { HireResult, Receipts, Stage } from './receipts.ts'
export { checkDelivery } from './settlement/check.ts'
export { defaultSettlePolicy, type SettlePolicy, settle } from './settlement/settle.ts'
export { verify } from './settlement/verify.ts'
export { assess, getTrust } from './trust/assess.ts'
export { createOracleClient, type OracleClient } from './trust/oracle.ts'
export {
  decodeTrustPolicy,
  defaultTrustPolicy,
  meetsTransactionTrustPolicy,
  type TrustPolicy,
} from './trust/policy.ts'
export { search } from './trust/search.ts'
export type { Venue } from './venue.ts'
export { type ReceiptCheck, verifyReceipts } from './verifyReceipts.ts'

/** What is wanted, and for how much. */
export interface HireOptions {
  task: Task
  /** Base units. */
  paymentUsdc: bigint
  /** A UUID; the same again is the same trade. Default: a new one. */
  tradeId?: string
}

/** A buyer. */
export interface Buyer {
  /**
   * Hires an agent: discover, assess, negotiate, fund, deliver and settle in one call. A trade that was
   * begun can be taken up again with `resume`. Throws what the five layers throw: `not_registered`,
   * `trust_policy_not_met`, `negotiation_failed`, `insufficient_funds`, ... With a `tradeId` (a UUID) the
   * same id again is the same trade, and goes on as `resume` does.
   */
  hire(agentUrl: string, options: HireOptions): Promise<HireResult>
  /** Continues a trade from its journal, at whatever step the process died. Throws `unknown_trade`. */
  resume(tradeId: string): Promise<HireResult>
  /**
   * Objects to the delivery of the milestone that was funded last, in the buyer's own words, with its stake
   * of one arbitration fee. Throws `unknown_trade`, `unknown_pact`, `not_delivered`, and as the verb
   * `dispute`.
   */
  dispute(tradeId: string, objection: Complaint): Promise<{ escrowId: string; claimHash: string }>
  /**
   * Ends a disputed trade by agreement: offers the seller a signed split, takes its counter-offer up to
   * `maxSellerBps`, and goes on as `resume` does. Throws `offer_declined` with the seller's `reasonCode`
   * in the details, `agent_unreachable` (retryable), `invalid_signature` where the escrow has changed.
   */
  settleDispute(tradeId: string, offer: SplitOffer): Promise<HireResult>
  /**
   * Funds no further milestone of a trade, nor the first where nothing is locked yet: who waits for such a
   * trade gets `trade_cancelled`. What is locked runs to its own end. Throws `unknown_trade`.
   */
  cancel(tradeId: string): Promise<void>
  /** Trades that have not ended. */
  open(): Promise<string[]>
  /** Sellers of a capability with their checked records, best first (DIS-18). */
  search(options: SearchOptions): Promise<Candidate[]>
  /** The one call of the source document; `paymentUsdc` as text or a whole number of USDC (SET-16). */
  executeAgentToAgentTransaction(
    agentUrl: string,
    taskRequirements: Task,
    paymentUsdc: string | number,
  ): Promise<HireResult>
}

/**
 * Makes a buyer out of an identity, a wallet and its own list of oracles.
 * @example
 * const buyer = createBuyer({ identity, wallet, oracles: [oracle], clock })
 * const { deliverable } = await buyer.hire('https://agent.example', { task, paymentUsdc: parseUsdc('5') })
 */
export function createBuyer(options: BuyerOptions): Buyer {
  const context = openBuyer(options)
  const { wallet, oracle, journal, owner, onProgress } = context

  async function begin(wish: Wish): Promise<HireResult> {
    const begun = await findTrade(journal, wish.tradeId)
    if (begun !== undefined) return await proceed(begun)
    // Layer 1.
    const { agentUrl, task, paymentUsdc } = wish
    const partner = context.partners.find(agentUrl)
    const agent = partner ?? (await discover(agentUrl, context.reading))
    onProgress({ step: 'discovered', agent })
    if (agent.did === null) {
      throw new EarnestError('not_registered', 'Agent is not registered. Cannot verify trust.')
    }
    if (!partner) context.partners.meet(agentUrl, agent)
    // Layer 2.
    const assessment = await approve(context, agent, { ...task, paymentUsdc })
    if (partner && assessment.answers.some(({ flags }) => flags.length > 0)) {
      context.partners.count(agentUrl, wish.tradeId, false)
      return await begin(wish)
    }
    onProgress({ step: 'assessed', assessment })
    const trade = await draftTrade(context, wish, { agent, assessment })
    return await proceed(trade, assessment)
  }

  async function proceed(trade: Trade, known?: Assessment): Promise<HireResult> {
    const record = recordOf(journal, trade)
    try {
      // Layer 3.
      const { signed, assessment } = await agree(context, record, known)
      // Layers 4 and 5.
      const trust = assessment?.answers ?? []
      const result = await fundAndSettle(context, record, { signed, trust })
      const { settlementStatus } = result
      if (settlementStatus !== 'pending') {
        context.partners.count(trade.agentUrl, trade.tradeId, settlementStatus === 'released')
      }
      return result
    } catch (error) {
      // The card may be what was wrong: it is read anew the next time.
      context.partners.count(trade.agentUrl, trade.tradeId, false)
      const code = isEarnestError(error) ? error.code : null
      void owner?.observe({ type: 'hire_failed', tradeId: trade.tradeId, code })
      throw error
    }
  }

  /** Trades that `hire` has begun here: before its draft is written down, nothing else shows that one was. */
  const hiring = new Map<string, Promise<HireResult>>()

  async function hire(
    agentUrl: string,
    { tradeId = crypto.randomUUID(), ...wish }: HireOptions,
  ): Promise<HireResult> {
    const running = hiring.get(tradeId)
    if (running !== undefined) return await running
    const run = begin({ agentUrl, tradeId, ...wish })
    hiring.set(tradeId, run)
    try {
      return await run
    } finally {
      hiring.delete(tradeId)
    }
  }

  async function resume(tradeId: string): Promise<HireResult> {
    return await proceed(await readTrade(journal, tradeId))
  }

  const cancel = (tradeId: string) => stopTrade(journal, tradeId)
  owner?.attachBuyer({ wallet, journal, cancel })

  return {
    hire,
    resume,
    dispute: (tradeId, objection) => disputeTrade(context, tradeId, objection),
    async settleDispute(tradeId, offer) {
      await offerSplit(context, tradeId, offer)
      return await resume(tradeId)
    },
    cancel,
    open: () => openTrades(journal),
    search: (searchOptions) => search(oracle, searchOptions),
    executeAgentToAgentTransaction: (agentUrl, task, paymentUsdc) =>
      hire(agentUrl, { task, paymentUsdc: parseUsdc(String(paymentUsdc)) }),
  }
}
