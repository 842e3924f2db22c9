import * as z from 'zod'
import { type Buyer, type BuyerOptions, createBuyer } from '../buyer.ts'
import { discover } from '../discovery/discover.ts'
import { openTrades, readTrade as readJournal } from '../journal.ts'
import { createMemoryStore } from '../memoryStore.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { formatUsdc } from '../protocol/money.ts'
import { milestoneOf } from '../protocol/pact.ts'
import { formatUtc } from '../protocol/time.ts'
import type { HireResult } from '../receipts.ts'
import { assess } from '../trust/assess.ts'
import {
  assessInput,
  disputeInput,
  hireInput,
  keyedTrade,
  searchInput,
  settleInput,
  tradeInput,
} from './buyerInput.ts'
import { factsOfResult } from './hireFacts.ts'
import { createKeyBook } from './keyBook.ts'
import { reserve } from './reserve.ts'
import { reader, refusal, type Tool, writer } from './tool.ts'
import { buyerStep, readTrade, statusOf } from './trade.ts'

/** What a buyer that a model drives may spend, base units. */
export interface SpendingLimit {
  /** For one trade. */
  perTrade: bigint
  /** In all trades that have not ended. */
  open: bigint
}

/** What a buyer that a model drives is made of. */
export interface BuyerToolsOptions extends BuyerOptions {
  /** The engine's limit, whatever a model is talked into. */
  limit: SpendingLimit
}

/** A buyer with the tools that a model gets. */
export interface BuyerTools {
  buyer: Buyer
  tools: readonly Tool[]
}

/**
 * Makes a buyer and its tools. The engine assesses, funds, checks and pays by its own policies and within its
 * own limit; a model chooses whom to hire for what, and nothing that it believes moves money.
 * @example
 * const { tools } = createBuyerTools({ ...buyerOptions, limit: { perTrade: parseUsdc('20'), open: parseUsdc('100') } })
 */
export function createBuyerTools(options: BuyerToolsOptions): BuyerTools {
  const { identity, wallet, oracles, clock, limit, trustPolicy } = options
  const journal = options.journal ?? createMemoryStore()
  const { negotiationPolicy } = options
  const ceiling = negotiationPolicy?.maxPaymentUsdc ?? 0n
  // No counter-proposal lifts a trade above what the owner allows for one.
  const maxPaymentUsdc = ceiling < limit.perTrade ? ceiling : limit.perTrade
  const buyer = createBuyer({
    ...options,
    journal,
    ...(ceiling > 0n && { negotiationPolicy: { ...negotiationPolicy, maxPaymentUsdc } }),
  })
  /** What a trade may come to before both have signed: a counter-proposal may be taken. */
  const atMost = (payment: bigint) => (payment > maxPaymentUsdc ? payment : maxPaymentUsdc)
  const keys = createKeyBook(journal, clock)
  const reading = {
    clock,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.verifyWallet && { verifyWallet: options.verifyWallet }),
  }

  const discoverAgents = reader({
    name: 'discover_agents',
    title: 'Find sellers',
    description: 'Finds registered sellers of a capability with their signed records, best first.',
    input: searchInput,
    async run({ capability: wanted, sort, limit: count }) {
      const found = await buyer.search({
        capability: wanted,
        ...(sort && { sort }),
        ...(count !== undefined && { limit: count }),
      })
      return {
        agents: found.map(({ record, trust }) => ({
          did: record.did,
          untrusted_name: record.name,
          agent_url: new URL(record.endpoint).origin,
          capabilities: record.capabilities,
          price_usdc: record.pricing ? formatUsdc(record.pricing.perTask) : null,
          status: trust.status,
          score: trust.compositeScore,
          failure_probability: trust.failureProbability,
          flags: trust.flags.map(({ code }) => code),
        })),
        next_step: 'Call assess_agent for the one that you would hire.',
      }
    },
  })

  const assessAgent = reader({
    name: 'assess_agent',
    title: 'Check a seller and get a quote',
    description:
      'Reads a seller’s signed card, asks the oracles, and quotes the risk of this trade at this amount.',
    input: assessInput,
    async run({ agent_url, capability: wanted, payment_usdc: paymentUsdc, acceptance }) {
      const agent = await discover(agent_url, reading)
      const question = {
        task: { capability: wanted, paymentUsdc, ...(acceptance && { acceptance }) },
        oracles,
        ...(trustPolicy && { policy: trustPolicy }),
      }
      const asBuyer = { ...question, buyer: identity.did }
      const { approved, reason, answers, quote, warnings } = await assess(agent, asBuyer).catch(
        (error) => {
          // Only registered buyers are quoted for.
          if (isEarnestError(error, 'agent_unknown')) return assess(agent, question)
          throw error
        },
      )
      const [answer] = answers
      return {
        did: agent.did,
        approved,
        reason,
        score: answer?.compositeScore ?? null,
        flags: answer?.flags.map(({ code }) => code) ?? [],
        warnings: warnings.map(({ code }) => code),
        quote: quote
          ? {
              risk: quote.pairRisk,
              limit_usdc: formatUsdc(quote.limitUsdc),
              review_seconds: quote.reviewWindow,
              protocol_fee_usdc: formatUsdc(quote.protocolFeeUsdc),
              warnings: quote.warnings,
            }
          : null,
        next_step: approved
          ? 'Call hire_agent with your terms.'
          : 'Choose another seller: the engine would refuse this one.',
      }
    },
  })

  const hireAgent = writer(
    {
      name: 'hire_agent',
      title: 'Hire a seller',
      description:
        'Agrees on terms, locks the payment in escrow, and follows the trade. The engine pays only for what it has checked.',
      input: hireInput,
      async run(input) {
        const id = uuidOf(`${identity.did}/${input.key}`)
        const result = await withinLimit(id, input.payment_usdc, () =>
          buyer.hire(input.agent_url, {
            tradeId: id,
            paymentUsdc: input.payment_usdc,
            task: {
              capability: input.capability,
              description: input.description,
              input: input.input,
              outputFormats: input.output_formats,
              acceptance: input.acceptance,
              deadline: input.deadline,
              ...(input.profile && { profile: input.profile }),
            },
          }),
        )
        return await told(result)
      },
    },
    keys,
  )

  async function withinLimit<T>(id: string, payment: bigint, act: () => Promise<T>): Promise<T> {
    // A wish counts from before it is begun until the journal has it, whichever process has it.
    const own = { id, amount: atMost(payment) }
    const release = await reserve({ store: journal, clock }, own, async (reserved) => {
      let open = 0n
      for (const known of await openTrades(journal)) {
        if (reserved.has(known)) continue
        const { signed, draft } = await readJournal(journal, known)
        open += signed?.pact.paymentUsdc ?? atMost(draft.paymentUsdc)
      }
      for (const amount of reserved.values()) open += amount
      if (payment <= limit.perTrade && open <= limit.open) return
      throw refusal(
        'limit_exceeded',
        `Your owner allows ${formatUsdc(limit.perTrade)} USDC a trade and ${formatUsdc(limit.open)} USDC open at once`,
        'Pay less, wait until open trades have ended, or ask your owner.',
      )
    })
    try {
      return await act()
    } finally {
      // What stays reserved runs out by itself; what came of the trade is not lost for it.
      await release().catch(() => {})
    }
  }

  const continueTrade = writer(
    {
      name: 'continue_trade',
      title: 'Go on with a trade',
      description:
        'Takes a trade up where it stands: funds, waits, checks the delivery, pays or objects, as the engine’s policy says.',
      input: keyedTrade,
      run: async ({ trade_id }) => await told(await buyer.resume(trade_id)),
    },
    keys,
  )

  const disputeDelivery = writer(
    {
      name: 'dispute_delivery',
      title: 'Object to a delivery',
      description:
        'Objects to a delivery with a typed reason and a written claim, once a round. It costs a stake, which is lost where the arbiter finds nine tenths against you.',
      input: disputeInput,
      async run({ trade_id, reason, claim }) {
        const { escrowId, claimHash } = await buyer.dispute(trade_id, { reason, claim })
        return {
          trade_id,
          escrow_id: escrowId,
          claim_hash: claimHash,
          status: 'disputed',
          next_step: buyerStep('disputed'),
        }
      },
    },
    keys,
  )

  const settleDispute = writer(
    {
      name: 'settle_dispute',
      title: 'Offer a split',
      description:
        'Offers the seller of a disputed trade a signed split of the escrow; a counter-offer up to your limit is taken.',
      input: settleInput,
      async run({ trade_id, seller_percent, max_seller_percent = seller_percent }) {
        const offer = { sellerBps: bpsOf(seller_percent), maxSellerBps: bpsOf(max_seller_percent) }
        return await told(await buyer.settleDispute(trade_id, offer))
      },
    },
    keys,
  )

  const cancelTrade = writer(
    {
      name: 'cancel_trade',
      title: 'Fund no further part',
      description: 'Funds no further part of a trade; what is locked runs to its own end.',
      input: keyedTrade,
      isDestructive: true,
      async run({ trade_id }) {
        await buyer.cancel(trade_id)
        return { trade_id, next_step: 'Call check_trade to see what is still locked.' }
      },
    },
    keys,
  )

  const checkTrade = reader({
    name: 'check_trade',
    title: 'See where a trade stands',
    description: 'Reads where a trade stands on chain, and changes nothing.',
    input: tradeInput,
    run: async ({ trade_id }) => await look(trade_id),
  })

  const listTrades = reader({
    name: 'list_trades',
    title: 'List the open trades',
    description: 'Lists the trades that have not ended, and where each stands.',
    input: z.strictObject({}),
    async run() {
      const trades = await Promise.all((await buyer.open()).map(look))
      return { trades, next_step: 'Call continue_trade for one that waits for you.' }
    },
  })

  /** A wait that ran out says nothing: then the chain is asked. */
  async function told(result: HireResult) {
    const facts = factsOfResult(result)
    return result.settlementStatus === 'pending'
      ? { ...facts, ...(await look(result.tradeId)) }
      : facts
  }

  async function look(id: string) {
    const { signed, draft, milestone, agentUrl: url } = await readJournal(journal, id)
    const pact = signed?.pact ?? draft
    const { paymentUsdc, deadlineUtc } = milestoneOf(pact, milestone)
    const facts = {
      trade_id: id,
      agent_url: url,
      capability: pact.capability,
      payment_usdc: formatUsdc(paymentUsdc),
      deadline: formatUtc(deadlineUtc),
    }
    if (signed === null) return { ...facts, status: 'offered', next_step: buyerStep('agreed') }
    const trade = await readTrade(wallet, { pact, pactId: signed.pactHash, milestone })
    const status = statusOf(trade, true)
    const { timerEnd } = trade.chain
    return {
      ...facts,
      pact_id: trade.pactId,
      escrow_id: trade.escrowId,
      status,
      window_ends: timerEnd === 0 ? null : formatUtc(timerEnd),
      next_step: buyerStep(status),
    }
  }

  const tools = [
    discoverAgents,
    assessAgent,
    hireAgent,
    continueTrade,
    disputeDelivery,
    settleDispute,
    cancelTrade,
    checkTrade,
    listTrades,
  ]
  return { buyer, tools }
}

/** A UUID (version 8, RFC 9562) out of a name: the same wish has the same trade after every crash. */
function uuidOf(name: string): string {
  const hex = hashBytes(new TextEncoder().encode(`earnest/trade/${name}`))
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function bpsOf(share: number): number {
  const bps = Math.round(share * 100)
  if (Math.abs(bps - share * 100) > 1e-6) {
    throw new EarnestError('invalid_input', 'At most two decimals of a percent')
  }
  return bps
}
