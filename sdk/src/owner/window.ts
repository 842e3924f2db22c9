import type { EscrowRef } from '../escrow/client.ts'
import type { EscrowStatus } from '../escrow/readEscrow.ts'
import { unpackClauses } from '../protocol/terms.ts'
import type { Standing, TradeRef } from './engine.ts'

/** The window that runs and what its end brings, in the words of one side. */
export function windowOf(
  status: EscrowStatus,
  { terms }: EscrowRef,
  side: TradeRef['side'],
): Pick<Standing, 'window' | 'otherwise'> {
  const { state, timerEnd: until, fundedAt, result } = status
  const clauses = unpackClauses(terms.clauses)
  const isSeller = side === 'seller'
  const paidBack = isSeller ? 'the buyer is paid back in full' : 'you are paid back in full'
  const paid = isSeller ? 'you are paid in full' : 'the seller is paid in full'
  const toArbiter = 'the matter goes to the arbiter'
  const lasting = (seconds: number, otherwise: string) => ({
    window: { from: until - seconds, until },
    otherwise,
  })
  switch (state) {
    case 'Funded':
      return { window: { from: fundedAt, until }, otherwise: paidBack }
    case 'Delivered':
      return lasting(
        clauses.reviewWindow || clauses.responseWindow,
        result === 'PASS' ? paid : toArbiter,
      )
    case 'Disputed':
      return lasting(clauses.responseWindow, toArbiter)
    case 'Negotiating':
      return lasting(clauses.negotiationWindow, toArbiter)
    case 'Arbitration':
      return lasting(clauses.arbitrationWindow, 'the escrow pays by the evidence')
    default:
      return { window: null, otherwise: null }
  }
}
