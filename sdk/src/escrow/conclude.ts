import type { EscrowClient, EscrowRef, Sent } from './client.ts'
import { send } from './send.ts'

/** The arbiter was silent to the end of its window: anybody pays out by the standing proposal, else by the evidence. Throws `before_window_end`. */
export async function conclude(
  client: EscrowClient,
  { escrow }: { escrow: EscrowRef },
): Promise<Sent> {
  return await send(client, escrow, { functionName: 'conclude', args: [escrow.terms] })
}
