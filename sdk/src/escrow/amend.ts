import type { Hex } from 'viem'
import { authorize } from './authorize.ts'
import { bothAuthorizations } from './bothAuthorizations.ts'
import type { EscrowClient, EscrowRef, Relay, Sent } from './client.ts'
import { relayOrSend } from './relayOrSend.ts'
import { send } from './send.ts'

/** A lock that moves to the terms of a new pact between the same parties for the same amount. */
export interface AmendParameters {
  escrow: EscrowRef
  /** The escrow of the new pact, which both have signed. */
  amended: EscrowRef
  /** What the other party signed with `authorizeAmend`. */
  counterAuthorization: Hex
  relay?: Relay
}

/** This party's consent to an amendment, for the other to send. */
export async function authorizeAmend(
  client: EscrowClient,
  { escrow, amended }: { escrow: EscrowRef; amended: EscrowRef },
): Promise<Hex> {
  return await authorize(client, {
    escrow,
    action: { verb: 'amend', amendedId: amended.escrowId },
  })
}

/** Moves a funded lock to new terms, as buyer or seller. Throws `amendment_mismatch`, `unexpected_state`, `invalid_signature`. */
export async function amend(client: EscrowClient, parameters: AmendParameters): Promise<Sent> {
  const { escrow, amended, counterAuthorization, relay } = parameters
  const own = relay === undefined ? '0x' : await authorizeAmend(client, { escrow, amended })
  const [buyer, seller] = bothAuthorizations(client, { escrow, own, other: counterAuthorization })
  const call = {
    functionName: 'amend',
    args: [escrow.terms, amended.terms, buyer, seller],
  } as const
  if (relay === undefined) return await send(client, escrow, call)
  const done = { eventName: 'Amended', args: { amendedId: amended.escrowId } } as const
  return await relayOrSend(client, { ...escrow, relay, ...done }, call)
}
