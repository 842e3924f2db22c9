import * as z from 'zod'
import type { Sent } from '../escrow/client.ts'
import type { EscrowState } from '../protocol/status.ts'

/** One escrow of one of the owner's agents. */
export const tradeRefSchema = z.strictObject({
  side: z.enum(['seller', 'buyer']),
  pactId: z.string(),
  escrowId: z.string(),
  milestone: z.int(),
})
export type TradeRef = z.infer<typeof tradeRefSchema>

/** How a trade stands on chain, in an owner's terms. */
export interface Standing {
  capability: string
  /** DID of the other side. */
  counterparty: string
  amountUsdc: bigint
  state: EscrowState
  /** +1 at every change on chain; an order is bound to it. */
  seq: bigint
  /** The seller's share that the arbiter proposed; null: none. */
  proposedBps: number | null
  /** The window that runs; null: none. */
  window: { from: number; until: number } | null
  /** What happens at its end if nobody does anything; null: nothing. */
  otherwise: string | null
  /** What the owner may order now. */
  verbs: readonly ('refund' | 'defend' | 'cancel')[]
}

/** The agent's engine as the owner's desk uses it: it holds the keys, the desk holds none. */
export interface OwnerEngine {
  /** Finds a trade by either id. */
  find(ids: { pactId?: string; escrowId?: string }): Promise<TradeRef | undefined>
  /** What the pact pays for it; asks nobody. */
  amountOf(trade: TradeRef): Promise<bigint>
  /** Reads the chain. Throws `unknown_trade`, `chain_unreachable` (retryable). */
  standing(trade: TradeRef): Promise<Standing>
  /** What the other side complains about, where the oracle shows it to us. */
  complaintOf(trade: TradeRef): Promise<string | undefined>
  /** Pays everything back, and only while the escrow has not changed since `seq`. */
  refund(trade: TradeRef, bound: { seq: bigint }): Promise<Sent>
  /** The transaction that paid everything back; undefined: none did. */
  refunded(trade: TradeRef): Promise<{ txHash: string } | undefined>
  /** Answers a dispute with an explanation; a claim against a bond is answered without a transaction. */
  defend(trade: TradeRef, explanation: string): Promise<Sent | undefined>
  /** Seller: takes back an unfunded offer. Buyer: funds no further milestone. */
  cancel(trade: TradeRef): Promise<void>
  /** True once it was cancelled here, also where nothing else is left of it. */
  cancelled(trade: TradeRef): Promise<boolean>
  /** The A2A task in which the customer talks with the agent about it. */
  taskOf(trade: TradeRef): Promise<string | undefined>
}
