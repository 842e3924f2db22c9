import type { pactEscrowAbi } from '@earnest/contracts'
import { deliverTypedData, type Terms } from '@earnest/sdk/protocol'
import {
  type ContractFunctionArgs,
  type Hex,
  hexToBigInt,
  size,
  slice,
  verifyTypedData,
} from 'viem'
import { unpack } from '../store/json.ts'
import type { Row } from '../store/tables.ts'
import type { Call, Chain } from './chain.ts'

/** Six bytes of `validBefore` and a signature of 65. */
const PLAIN = 6 + 65
/** Half of the order of secp256k1: the escrow takes no ECDSA signature whose `s` is above. */
const MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

type Completion = ContractFunctionArgs<typeof pactEscrowAbi, 'nonpayable', 'complete'>[1]

/**
 * Terms and completion of a call that may go with others; undefined for one whose success depends on more than
 * what is signed: on a bond, or on what a smart wallet says in that very block, however long its signature is.
 */
export async function completionOf(
  { chainId, escrow: contract }: Pick<Chain, 'chainId' | 'escrow'>,
  { escrow_id, seq, request }: Pick<Row<'submission'>, 'escrow_id' | 'seq' | 'request'>,
): Promise<{ terms: Terms; how: Completion } | undefined> {
  const { functionName, args, to } = unpack<Call>(request)
  if (functionName !== 'complete' || to !== undefined || seq === null) return undefined
  const [terms, how] = args as [Terms, Completion]
  const { artifactHash, reserve, sellerAuthorization } = how
  if (reserve || size(sellerAuthorization) !== PLAIN) return undefined
  const [validBefore, signature] = [slice(sellerAuthorization, 0, 6), slice(sellerAuthorization, 6)]
  if (!isCanonical(signature)) return undefined
  const consent = {
    chainId,
    contract,
    escrowId: escrow_id as Hex,
    actor: terms.seller,
    seq: BigInt(seq),
    validBefore: hexToBigInt(validBefore),
  }
  const typedData = deliverTypedData({ ...consent, artifactHash, reserve })
  const isOwn = await verifyTypedData({ address: terms.seller, signature, ...typedData }).catch(
    () => false,
  )
  return isOwn ? { terms, how } : undefined
}

/** In the one form that the escrow takes by itself; any other it lays before the wallet. */
function isCanonical(signature: Hex): boolean {
  const isHalf = hexToBigInt(slice(signature, 32, 64)) <= MAX_S
  return isHalf && ['0x1b', '0x1c'].includes(slice(signature, 64))
}
