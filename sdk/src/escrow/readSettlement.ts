import { EarnestError } from '../protocol/error.ts'
import { fromBytes32 } from '../protocol/hash.ts'
import type { Pact } from '../protocol/pact.ts'
import type { Outcome, Settlement } from '../protocol/settlement.ts'
import { escrowOfPact, type ReadClient } from './client.ts'
import { type EscrowEvent, type KnownFunding, readEventTime, readHistory } from './events.ts'

interface Payout {
  outcome: Outcome
  seller: bigint
  buyer: bigint
  protocol: bigint
  arbitration: bigint
  sellerBps: number
}

/**
 * How an escrow ended, out of the chain's own events: the receipt that anybody can read again.
 * Undefined while it runs. Throws `chain_unreachable` (retryable), `wrong_chain`, `reorganised` (retryable).
 */
export async function readSettlement(
  client: ReadClient,
  {
    pact,
    milestone = 0,
    status,
  }: { pact: Pact; milestone?: number /** As it was just read. */; status?: KnownFunding },
): Promise<Settlement | undefined> {
  const escrow = escrowOfPact({ pact, milestone })
  const { chainId, contract, escrowId, terms } = escrow
  const events = await readHistory(client, escrow, status)
  let artifactHash: string | null = null
  let reportHash: string | null = null
  let recordHash: string | null = null
  for (const event of events) {
    if (event.eventName === 'Delivered') artifactHash = fromBytes32(event.args.artifactHash)
    if (event.eventName === 'Attested') reportHash = fromBytes32(event.args.reportHash)
    if (event.eventName === 'Proposed' || event.eventName === 'Ruled') {
      recordHash = fromBytes32(event.args.recordHash)
    }
    const payout = payoutOf(event)
    if (payout === undefined) continue
    if (event.blockNumber === null || event.transactionHash === null) {
      throw new EarnestError('reorganised', 'The ending is not in a block', { retryable: true })
    }
    const { blockNumber, transactionHash: txHash } = event
    const settledAt = await readEventTime(client, event)
    return {
      version: '1',
      pactId: fromBytes32(terms.pactHash),
      escrowId: escrowId as Settlement['escrowId'],
      milestone,
      chainId,
      contract,
      buyer: pact.buyer.did,
      seller: pact.seller.did,
      outcome: payout.outcome,
      amountUsdc: terms.amount,
      sellerUsdc: payout.seller,
      buyerUsdc: payout.buyer,
      protocolFeeUsdc: payout.protocol,
      arbitrationFeeUsdc: payout.arbitration,
      sellerBps: payout.sellerBps,
      txHash: txHash as Settlement['txHash'],
      blockNumber: Number(blockNumber),
      settledAt,
      artifactHash,
      reportHash,
      recordHash,
    }
  }
  return undefined
}

function payoutOf(event: EscrowEvent): Payout | undefined {
  const nothing = { seller: 0n, buyer: 0n, protocol: 0n, arbitration: 0n }
  switch (event.eventName) {
    case 'Released': {
      const { sellerAmount: seller, protocolFee: protocol } = event.args
      return { ...nothing, outcome: 'released', seller, protocol, sellerBps: 10_000 }
    }
    case 'Refunded':
      return { ...nothing, outcome: 'refunded', buyer: event.args.buyerAmount, sellerBps: 0 }
    case 'Expired':
      return { ...nothing, outcome: 'expired', buyer: event.args.buyerAmount, sellerBps: 0 }
    case 'Settled':
      return { outcome: 'settled', ...splitOfEvent(event.args) }
    case 'Ruled':
      return { outcome: 'ruled', ...splitOfEvent(event.args) }
    case 'Concluded':
      return { outcome: 'concluded', ...splitOfEvent(event.args) }
    default:
      return undefined
  }
}

function splitOfEvent(args: {
  sellerBps: bigint
  sellerAmount: bigint
  buyerAmount: bigint
  protocolFee: bigint
  arbitrationFee: bigint
}): Omit<Payout, 'outcome'> {
  return {
    seller: args.sellerAmount,
    buyer: args.buyerAmount,
    protocol: args.protocolFee,
    arbitration: args.arbitrationFee,
    sellerBps: Number(args.sellerBps),
  }
}
