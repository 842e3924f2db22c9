import { isSameAddress } from '../protocol/address.ts'
import { act } from './act.ts'
import type { EscrowClient, Sent, VerbParameters } from './client.ts'
import { send } from './send.ts'

/** Moves a dispute on to arbitration: a party while negotiating; anybody once the window ran out. Throws `before_window_end`. */
export async function escalate(client: EscrowClient, parameters: VerbParameters): Promise<Sent> {
  const { terms } = parameters.escrow
  const by = client.account.address
  const isParty = [terms.buyer, terms.seller].some((party) => isSameAddress(party, by))
  if (!isParty) {
    return await send(client, parameters.escrow, {
      functionName: 'escalate',
      args: [terms, terms.buyer, '0x'],
    })
  }
  return await act(client, parameters, {
    action: { verb: 'escalate' },
    eventName: 'Escalated',
    call: (authorization) => ({ functionName: 'escalate', args: [terms, by, authorization] }),
  })
}
