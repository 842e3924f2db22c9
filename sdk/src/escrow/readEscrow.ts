import { pactEscrowAbi } from '@earnest/contracts'
import { getBlock, readContract } from 'viem/actions'
import { type EscrowState, escrowStateOf } from '../protocol/status.ts'
import type { EscrowRef, ReadClient } from './client.ts'
import { assertServed, mapErrors } from './send.ts'

/** What the attestors found in this round, as the chain has it. */
export type ChainResult = 'NONE' | 'PASS' | 'PARTIAL' | 'FAIL'
const RESULTS = ['NONE', 'PASS', 'PARTIAL', 'FAIL'] as const

/** An escrow as the chain has it. */
export interface EscrowStatus {
  state: EscrowState
  /** Unix seconds: end of the running window; for a funded escrow the delivery deadline. */
  timerEnd: number
  fundedAt: number
  /** +1 at every change; signatures bind it. */
  seq: bigint
  /** +1 at every delivery. */
  round: number
  result: ChainResult
  noticed: boolean
  buyerDisputed: boolean
  sellerDisputed: boolean
  bonded: boolean
  /** Null: no proposal stands. */
  proposedBps: number | null
}

/** A moment of the chain to read at; default: the latest block. */
export type At = { blockNumber: bigint } | { blockTag: 'latest' | 'safe' | 'finalized' }

/** Reads one escrow. Throws `wrong_chain`, `chain_unreachable` (retryable). */
export async function readEscrow(
  client: ReadClient,
  escrow: EscrowRef,
  at: At = { blockTag: 'latest' },
): Promise<EscrowStatus> {
  return await mapErrors(async () => {
    // Asked together; where the chain is another one, what it says of the escrow is not looked at.
    const reading = readContract(client, {
      abi: pactEscrowAbi,
      address: escrow.contract,
      functionName: 'escrowOf',
      args: [escrow.escrowId],
      ...at,
    })
    reading.catch(() => {})
    await assertServed(client, escrow.chainId)
    const raw = await reading
    return {
      state: escrowStateOf(raw.state),
      timerEnd: raw.timerEnd,
      fundedAt: raw.fundedAt,
      seq: BigInt(raw.seq),
      round: raw.round,
      result: RESULTS[raw.result] ?? 'NONE',
      noticed: raw.noticed,
      buyerDisputed: raw.buyerDisputed,
      sellerDisputed: raw.sellerDisputed,
      bonded: raw.bonded,
      proposedBps: raw.proposed ? raw.proposedBps : null,
    }
  })
}

/** Time of the latest block, unix seconds: the clock that the contract goes by. */
export async function readChainTime(client: ReadClient): Promise<number> {
  return await mapErrors(async () => Number((await getBlock(client)).timestamp))
}
