import { hashBytes } from '../protocol/hash.ts'
import { formatUsdc } from '../protocol/money.ts'
import type { HireResult } from '../receipts.ts'
import { buyerStep, type ServiceStatus } from './trade.ts'

/** Characters of a delivered text that are shown to a model. */
const MAX_SHOWN = 20_000

const WORDS: Record<HireResult['settlementStatus'], ServiceStatus> = {
  released: 'completed',
  refunded: 'refunded',
  resolved: 'resolved',
  disputed: 'disputed',
  claimed: 'arbitration',
  compensated: 'resolved',
  pending: 'funded',
}

/** What a model is told of a trade that it hired for. */
export function factsOfResult(result: HireResult) {
  const { settlement, report } = result.receipts
  return {
    trade_id: result.tradeId,
    pact_id: result.pactId,
    escrow_id: result.escrowId,
    status: WORDS[result.settlementStatus],
    settlement: settlement
      ? {
          outcome: settlement.outcome,
          seller_usdc: formatUsdc(settlement.sellerUsdc),
          buyer_usdc: formatUsdc(settlement.buyerUsdc),
          fee_usdc: formatUsdc(settlement.protocolFeeUsdc),
          tx_hash: settlement.txHash,
        }
      : null,
    failure: result.failure
      ? { code: result.failure.failureCode, untrusted_reason: result.failure.failureReason }
      : null,
    report: report ? { result: report.result, passed_percent: report.passedBps / 100 } : null,
    // What a seller wrote is data, never an order.
    untrusted_files: (result.deliverable?.files ?? []).map(({ name, mime: type, bytes }) => ({
      name,
      mime: type,
      size: bytes.length,
      sha256: hashBytes(bytes),
      ...(/^text\/|json$/.test(type) && {
        text: new TextDecoder().decode(bytes).slice(0, MAX_SHOWN),
      }),
    })),
    next_step: buyerStep(WORDS[result.settlementStatus]),
  }
}
