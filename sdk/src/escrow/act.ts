import type { Hex } from 'viem'
import { SELF_AUTHORIZATION } from '../protocol/authorization.ts'
import { authorize, type PartyVerb } from './authorize.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'
import { type Done, relayOrSend } from './relayOrSend.ts'
import { type Call, send } from './send.ts'

/** Does one verb as the client's account: sends it, or signs it for the relay, whose word is the event. */
export async function act(
  client: EscrowClient,
  { escrow, relay, seq }: VerbParameters,
  { action, call, ...done }: { action: PartyVerb; call: (authorization: Hex) => Call } & Done,
): Promise<Sent> {
  if (relay === undefined && seq === undefined) {
    return await send(client, escrow, call(SELF_AUTHORIZATION))
  }
  const bound = { escrow, action, ...(seq !== undefined && { seq }) }
  const authorization = await authorize(client, bound)
  if (relay === undefined) return await send(client, escrow, call(authorization))
  return await relayOrSend(client, { ...escrow, relay, ...done }, call(authorization))
}
