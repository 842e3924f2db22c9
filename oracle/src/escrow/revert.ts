import { pactEscrowAbi } from '@earnest/contracts'
import { isEarnestError } from '@earnest/sdk/protocol'
import {
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  type Hex,
  RawContractError,
} from 'viem'

/** The name of the contract's error in a failed simulation, `reverted` for an unknown one; undefined when the node did not answer. */
export function revertCode(error: unknown): string | undefined {
  if (isEarnestError(error) || !(error instanceof BaseError)) return undefined
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) {
    return reverted.data?.errorName ?? 'reverted'
  }
  const data = revertData(error)
  if (data !== undefined) {
    try {
      return decodeErrorResult({ abi: pactEscrowAbi, data }).errorName
    } catch {
      return 'reverted'
    }
  }
  return /revert/i.test(error.message) ? 'reverted' : undefined
}

function revertData(error: BaseError): Hex | undefined {
  const raw = error.walk((cause) => {
    const data = (cause as { data?: unknown }).data
    return cause instanceof RawContractError || typeof data === 'string' || typeof data === 'object'
  }) as { data?: Hex | { data?: Hex } } | null
  const data = typeof raw?.data === 'object' ? raw.data?.data : raw?.data
  return data?.startsWith('0x') && data.length >= 10 ? data : undefined
}
