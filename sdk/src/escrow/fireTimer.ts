import type { EscrowClient, EscrowRef, Sent } from './client.ts'
import { readChainTime, readEscrow } from './readEscrow.ts'
import { send } from './send.ts'

/** The timer that was due. */
export type FiredTimer = Sent & { verb: 'expire' | 'release' | 'escalate' | 'conclude' }

/**
 * Fires the timer of an escrow if it is due, as anybody: no oracle is needed for a trade to end (DRV-02).
 * Undefined where none is due. Throws the contract's error as a code.
 */
export async function fireTimer(
  client: EscrowClient,
  { escrow }: { escrow: EscrowRef },
): Promise<FiredTimer | undefined> {
  const [status, now] = await Promise.all([readEscrow(client, escrow), readChainTime(client)])
  if (now < status.timerEnd) return undefined
  const { terms } = escrow
  switch (status.state) {
    case 'Funded':
      return {
        verb: 'expire',
        ...(await send(client, escrow, { functionName: 'expire', args: [terms] })),
      }
    case 'Delivered':
      if (status.result === 'PASS') {
        const call = { functionName: 'release', args: [terms, '0x'] } as const
        return { verb: 'release', ...(await send(client, escrow, call)) }
      }
      return await escalate()
    case 'Disputed':
    case 'Negotiating':
      return await escalate()
    case 'Arbitration':
      return {
        verb: 'conclude',
        ...(await send(client, escrow, { functionName: 'conclude', args: [terms] })),
      }
    default:
      return undefined
  }

  async function escalate(): Promise<FiredTimer> {
    const call = { functionName: 'escalate', args: [terms, terms.buyer, '0x'] } as const
    return { verb: 'escalate', ...(await send(client, escrow, call)) }
  }
}
