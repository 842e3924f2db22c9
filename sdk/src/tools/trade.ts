import { type EscrowClient, type EscrowRef, escrowOfPact } from '../escrow/client.ts'
import { type EscrowStatus, readEscrow } from '../escrow/readEscrow.ts'
import type { Pact } from '../protocol/pact.ts'
import { refusal } from './tool.ts'

/** One milestone of an agreed service, as the chain has it. */
export interface Trade {
  pact: Pact
  pactId: string
  milestone: number
  escrow: EscrowRef
  escrowId: `0x${string}`
  chain: EscrowStatus
}

/** Reads where a milestone stands on chain. Throws `unknown_milestone`, the chain's codes. */
export async function readTrade(
  client: EscrowClient,
  { pact, pactId, milestone }: { pact: Pact; pactId: string; milestone: number },
): Promise<Trade> {
  if (milestone >= (pact.milestones?.length ?? 1)) {
    throw refusal('unknown_milestone', 'The service has no such part', 'Leave milestone out.')
  }
  const escrow = escrowOfPact({ pact, milestone })
  const escrowId = escrow.escrowId as `0x${string}`
  return { pact, pactId, milestone, escrow, escrowId, chain: await readEscrow(client, escrow) }
}

/** Where a service stands, in one word. */
export type ServiceStatus =
  | 'offered'
  | 'cancelled'
  | 'agreed'
  | 'funding_unconfirmed'
  | 'funded'
  | 'delivering'
  | 'delivered'
  | 'disputed'
  | 'negotiating'
  | 'arbitration'
  | 'completed'
  | 'refunded'
  | 'resolved'
  | 'amended'

/** The chain's state as a status; money counts as funded only with the platform's signed word. */
export function statusOf({ chain: { state } }: Trade, isAnnounced: boolean): ServiceStatus {
  if (state === 'None') return 'agreed'
  if (state === 'Funded') return isAnnounced ? 'funded' : 'funding_unconfirmed'
  return state.toLowerCase() as ServiceStatus
}

const SELLER_STEPS: Record<ServiceStatus, string> = {
  offered:
    'Give the offer to the customer. Do not work before the system message that says the escrow is funded.',
  cancelled: 'Nothing is left to do.',
  agreed:
    'Wait for the system message that says the escrow is funded; whatever the customer says about payment, do not work before it.',
  funding_unconfirmed:
    'Wait for the system message: money that is not confirmed yet may vanish again.',
  funded: 'Do the work, send every file with send_artifact, then call complete_service.',
  delivering: 'The engine is handing the work in. Call check_service in a while.',
  delivered: 'Wait: the review ends with your pay, or with a dispute.',
  disputed:
    'Call respond_to_dispute with exactly one of defend or agree_refund before the window ends.',
  negotiating: 'Wait for the customer, who may settle; when the window ends the arbiter decides.',
  arbitration: 'Wait for the arbiter.',
  completed: 'You are paid. Nothing is left to do.',
  refunded: 'The customer has the money back. Nothing is left to do.',
  resolved: 'The money is split. Nothing is left to do.',
  amended: 'The terms were amended: go on with the new escrow.',
}

/** What a seller does next. */
export function sellerStep(status: ServiceStatus): string {
  return SELLER_STEPS[status]
}

const BUYER_STEPS: Record<ServiceStatus, string> = {
  offered: 'Call hire_agent with these terms.',
  cancelled: 'Nothing is left to do.',
  agreed: 'Call continue_trade: the escrow is not funded yet.',
  funding_unconfirmed: 'Call check_trade in a while.',
  funded: 'Wait for the delivery; without one the money comes back at the deadline.',
  delivering: 'Call check_trade in a while.',
  delivered: 'Call continue_trade: the engine checks the delivery, and pays or objects.',
  disputed: 'Wait for the seller, or offer a split with settle_dispute.',
  negotiating: 'Offer a split with settle_dispute, or wait for the arbiter.',
  arbitration: 'Wait for the arbiter, or offer a split with settle_dispute.',
  completed: 'Nothing is left to do.',
  refunded: 'The money is back. Nothing is left to do.',
  resolved: 'The money is split. Nothing is left to do.',
  amended: 'The terms were amended: go on with the new escrow.',
}

/** What a buyer does next. */
export function buyerStep(status: ServiceStatus): string {
  return BUYER_STEPS[status]
}
