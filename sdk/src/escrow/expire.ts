import type { EscrowClient, EscrowRef, Sent } from './client.ts'
import { send } from './send.ts'

/** Nothing was delivered by the deadline: anybody sends everything back to the buyer. Throws `before_deliver_by`, `unexpected_state`. */
export async function expire(
  client: EscrowClient,
  { escrow }: { escrow: EscrowRef },
): Promise<Sent> {
  return await send(client, escrow, { functionName: 'expire', args: [escrow.terms] })
}
