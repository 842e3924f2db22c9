import type { Hex, TypedDataDefinition } from 'viem'
import { numberToHex } from 'viem'
import { signTypedData } from 'viem/actions'
import { stakeTypedData } from '../protocol/authorization.ts'
import { toBytes32 } from '../protocol/hash.ts'
import { stakeOf } from '../protocol/split.ts'
import { unpackClauses } from '../protocol/terms.ts'
import type { EscrowClient, EscrowRef, Relay, Sent } from './client.ts'
import { readChainTime, readEscrow } from './readEscrow.ts'
import { relayOrSend } from './relayOrSend.ts'
import { mapErrors, send } from './send.ts'
import { readToken } from './token.ts'

const VALIDITY = 3600

/** A dispute of a delivery. */
export interface DisputeParameters {
  escrow: EscrowRef
  /** The pact's token. */
  token: Hex
  /** `hashClaim` of the claim that goes to the oracle. */
  claimHash: string
  relay?: Relay
}

/**
 * Disputes a delivery, as buyer or seller, and stakes one arbitration fee with the same signature
 * (ERC-3009). Throws `after_window`, `already_disputed`, `unexpected_state`, `token_call_failed`.
 */
export async function dispute(client: EscrowClient, parameters: DisputeParameters): Promise<Sent> {
  const { escrow, relay } = parameters
  const { terms, chainId, contract, escrowId } = escrow
  const { account } = client
  const claimHash = toBytes32(parameters.claimHash)
  const { seq } = await readEscrow(client, escrow)
  const validBefore = BigInt((await readChainTime(client)) + VALIDITY)
  const { arbitrationFeeBps } = unpackClauses(terms.clauses)
  const stake = stakeOf({ amount: terms.amount, arbitrationFeeBps })
  const token = await readToken(client, parameters.token)
  const typedData = stakeTypedData({
    chainId,
    contract,
    escrowId,
    actor: account.address,
    seq,
    validBefore,
    claimHash,
    stake,
    token,
  }) as unknown as TypedDataDefinition
  const signature = await mapErrors(() => signTypedData(client, { ...typedData, account }))
  const call = {
    functionName: 'dispute',
    args: [terms, account.address, claimHash, numberToHex(validBefore, { size: 6 }), signature],
  } as const
  if (relay === undefined) return await send(client, escrow, call)
  const done = { eventName: 'Disputed', args: { by: account.address, claimHash } } as const
  return await relayOrSend(client, { ...escrow, relay, ...done }, call)
}
