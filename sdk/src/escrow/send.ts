import { pactEscrowAbi } from '@earnest/contracts'
import {
  BaseError,
  type ContractFunctionArgs,
  type ContractFunctionName,
  ContractFunctionRevertedError,
  encodeFunctionData,
  type Hash,
  InsufficientFundsError,
} from 'viem'
import { getChainId, sendTransaction, simulateContract } from 'viem/actions'
import { EarnestError } from '../protocol/error.ts'
import type { ContractRef } from '../protocol/terms.ts'
import type { EscrowClient, ReadClient, Sent } from './client.ts'
import { awaitReceipt } from './receipt.ts'

type WriteName = ContractFunctionName<typeof pactEscrowAbi, 'nonpayable'>

/** A function of PactEscrow and its arguments. */
export type Call = {
  [N in WriteName]: {
    functionName: N
    args: ContractFunctionArgs<typeof pactEscrowAbi, 'nonpayable', N>
  }
}[WriteName]

/**
 * Simulates a call, sends it and waits for its receipt. Throws the contract's error as a code
 * (`AfterFundBy` is `after_fund_by`), `wrong_chain`, `insufficient_gas` and `chain_unreachable` (both retryable).
 */
export async function send(
  client: EscrowClient,
  { contract, chainId }: ContractRef,
  { functionName, args }: Call,
): Promise<Sent> {
  return await mapErrors(async () => {
    await assertChain(client, chainId)
    const { account } = client
    const call = { abi: pactEscrowAbi, address: contract, functionName, args, account }
    await simulateContract(client, call as never)
    const data = encodeFunctionData({ abi: pactEscrowAbi, functionName, args } as never)
    const { chain } = client
    const txHash = await sendTransaction(client, { account, chain, to: contract, data } as never)
    return await confirm(client, txHash)
  })
}

/** Waits for a receipt. Throws `transaction_reverted`. */
export async function confirm(client: ReadClient, txHash: Hash): Promise<Sent> {
  const { status, blockNumber } = await awaitReceipt(client, { hash: txHash })
  if (status !== 'success') {
    throw new EarnestError('transaction_reverted', `${txHash} reverted`, { details: { txHash } })
  }
  return { txHash, blockNumber }
}

const served = new WeakMap<ReadClient, number>()

/** Refuses a client, or its RPC, of another chain than the pact names. Throws `wrong_chain`. */
export async function assertChain(client: ReadClient, want: number): Promise<void> {
  // It would sign for its own chain, which this RPC refuses in words of its own.
  if (client.chain) assertSame('client is made for', client.chain.id, want)
  const got = await getChainId(client)
  served.set(client, got)
  assertSame('RPC serves', got, want)
}

function assertSame(who: string, got: number, want: number): void {
  if (got === want) return
  throw new EarnestError('wrong_chain', `The ${who} chain ${got}, the pact names ${want}`, {
    details: { got, want },
  })
}

/**
 * The same before an escrow is read, asked once: its id binds its chain, so that an RPC which serves another
 * one by now knows nothing of it. Throws `wrong_chain`.
 */
export async function assertServed(client: ReadClient, want: number): Promise<void> {
  if (served.get(client) !== want) await assertChain(client, want)
}

/** Runs chain calls with viem's errors turned into ours. */
export async function mapErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toEarnestError(error)
  }
}

function toEarnestError(error: unknown): unknown {
  if (error instanceof EarnestError || !(error instanceof BaseError)) return error
  const reverted = error.walk((each) => each instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) {
    const { data, reason } = reverted
    const message = reverted.shortMessage
    if (data === undefined || data.errorName === 'Error') {
      return new EarnestError('transaction_reverted', message, {
        details: { reason: reason ?? null },
        cause: error,
      })
    }
    const details = { args: (data.args ?? []).map(String) }
    return new EarnestError(snakeCase(data.errorName), message, { details, cause: error })
  }
  const { shortMessage } = error
  if (error.walk(isBroke)) {
    return new EarnestError('insufficient_gas', 'The account cannot pay for gas', {
      retryable: true,
      cause: error,
    })
  }
  return new EarnestError('chain_unreachable', `The chain’s RPC: ${shortMessage}`, {
    retryable: true,
    cause: error,
  })
}

/** Hardhat's node says it otherwise than those that viem knows. */
function isBroke(error: unknown): boolean {
  return error instanceof InsufficientFundsError || /enough funds/.test(String(error))
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase()
}
