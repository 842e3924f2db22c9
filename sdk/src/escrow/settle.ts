import type { Hex } from 'viem'
import { authorize } from './authorize.ts'
import { bothAuthorizations } from './bothAuthorizations.ts'
import type { EscrowClient, EscrowRef, Relay, Sent } from './client.ts'
import { relayOrSend } from './relayOrSend.ts'
import { send } from './send.ts'

/** A split that both parties want. */
export interface SettleParameters {
  escrow: EscrowRef
  /** The seller's share in basis points. */
  sellerBps: number
  /** What the other party signed with `authorizeSettle`. */
  counterAuthorization: Hex
  relay?: Relay
}

/** This party's consent to a split, for the other to send. Worth nothing once the escrow has changed. */
export async function authorizeSettle(
  client: EscrowClient,
  { escrow, sellerBps }: { escrow: EscrowRef; sellerBps: number },
): Promise<Hex> {
  return await authorize(client, { escrow, action: { verb: 'settle', sellerBps } })
}

/** Splits by agreement in one transaction, as buyer or seller. Throws `invalid_signature`, `authorization_expired`, `invalid_split`. */
export async function settle(client: EscrowClient, parameters: SettleParameters): Promise<Sent> {
  const { escrow, sellerBps, counterAuthorization, relay } = parameters
  const own = relay === undefined ? '0x' : await authorizeSettle(client, { escrow, sellerBps })
  const [buyer, seller] = bothAuthorizations(client, { escrow, own, other: counterAuthorization })
  const call = {
    functionName: 'settle',
    args: [escrow.terms, BigInt(sellerBps), buyer, seller],
  } as const
  if (relay === undefined) return await send(client, escrow, call)
  const done = { eventName: 'Settled', args: { sellerBps: BigInt(sellerBps) } } as const
  return await relayOrSend(client, { ...escrow, relay, ...done }, call)
}
