import type { KeyResolver } from '../protocol/key.ts'
import { type SignedPact, verifySignedPact } from '../protocol/pact.ts'
import { type EscrowClient, escrowOfPact, type Sent } from './client.ts'
import { send } from './send.ts'

/** Funds from the buyer's allowance, for tokens and wallets without ERC-3009; the buyer sends. Throws as `fund`. */
export async function fundByAllowance(
  client: EscrowClient,
  { signed, milestone = 0, keyOf }: { signed: SignedPact; milestone?: number; keyOf?: KeyResolver },
): Promise<Sent> {
  verifySignedPact(signed, keyOf)
  const escrow = escrowOfPact({ pact: signed.pact, milestone })
  return await send(client, escrow, { functionName: 'fundByAllowance', args: [escrow.terms, '0x'] })
}
