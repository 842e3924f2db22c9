import type { Hex } from 'viem'
import {
  amendTypedData,
  defendTypedData,
  deliverTypedData,
  disputeTypedData,
  encodeAuthorization,
  escalateTypedData,
  redeliverTypedData,
  refundTypedData,
  releaseTypedData,
  settleTypedData,
} from '../protocol/authorization.ts'
import type { EscrowClient, EscrowRef } from './client.ts'
import { readChainTime, readEscrow } from './readEscrow.ts'
import { signTyped } from './signTyped.ts'

/** Seconds for which a signed verb is good unless the caller says otherwise. */
const VALIDITY = 3600

/** A verb of a party with its arguments. */
export type PartyVerb =
  | { verb: 'release' }
  | { verb: 'deliver'; artifactHash: Hex; reserve: boolean }
  | { verb: 'redeliver'; artifactHash: Hex }
  | { verb: 'defend'; responseHash: Hex }
  | { verb: 'refund' }
  | { verb: 'dispute'; claimHash: Hex }
  | { verb: 'settle'; sellerBps: number }
  | { verb: 'amend'; amendedId: Hex }
  | { verb: 'escalate' }

/** What a signed verb is bound to. */
export interface AuthorizeParameters {
  escrow: EscrowRef
  action: PartyVerb
  /** The escrow's counter to bind; default: as it is on chain now. */
  seq?: bigint
  /** Unix seconds; default: one hour after the latest block. */
  validBefore?: bigint
}

/**
 * The account's EIP-712 signature over one verb, as the contract takes it: anybody may send it, once,
 * while the escrow has not changed.
 */
export async function authorize(
  client: EscrowClient,
  { escrow, action, ...parameters }: AuthorizeParameters,
): Promise<Hex> {
  // Asked together, where they are to be asked.
  const [seq, validBefore] = await Promise.all([
    parameters.seq ?? readEscrow(client, escrow).then((status) => status.seq),
    parameters.validBefore ?? readChainTime(client).then((now) => BigInt(now + VALIDITY)),
  ])
  const context = { ...escrow, actor: client.account.address, seq, validBefore }
  const signature = await signTyped(client, typedDataOf(context, action))
  return encodeAuthorization({ validBefore, signature })
}

function typedDataOf(context: Parameters<typeof releaseTypedData>[0], action: PartyVerb) {
  switch (action.verb) {
    case 'release':
      return releaseTypedData(context)
    case 'deliver':
      return deliverTypedData({ ...context, ...action })
    case 'redeliver':
      return redeliverTypedData({ ...context, ...action })
    case 'defend':
      return defendTypedData({ ...context, ...action })
    case 'refund':
      return refundTypedData(context)
    case 'dispute':
      return disputeTypedData({ ...context, ...action })
    case 'settle':
      return settleTypedData({ ...context, sellerBps: BigInt(action.sellerBps) })
    case 'amend':
      return amendTypedData({ ...context, ...action })
    case 'escalate':
      return escalateTypedData(context)
  }
}
