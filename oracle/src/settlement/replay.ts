import {
  address,
  EarnestError,
  escrowIdOfPact,
  fromBytes32,
  type Pact,
  type Settlement,
  splitOf,
} from '@earnest/sdk/protocol'
import { type Hex, isHex } from 'viem'
import * as z from 'zod'
import { decodeLog } from '../escrow/log.ts'
import { reduceEscrow } from '../escrow/reduce.ts'
import type { EscrowState } from '../escrow/state.ts'
import { settlementOf } from './settle.ts'

const hex = z.custom<Hex>((value) => isHex(value), 'want 0x and hex characters')

/** A log of the escrow contract as a node gives it, with the time of its block. */
export const chainLogSchema = z.object({
  address,
  topics: z.array(hex).min(1),
  data: hex,
  blockNumber: z.int().min(0),
  blockHash: hex,
  transactionHash: hex,
  logIndex: z.int().min(0),
  /** Unix seconds of the block. */
  timestamp: z.int().min(0),
})
export type ChainLog = z.output<typeof chainLogSchema>

/**
 * Tells a trade again out of what the chain said of it, in any order and with anything else in between:
 * the same logs give the same end, and what the chain paid is what the pact's own terms split (DRV-15).
 * @throws not_funded, log_out_of_order, split_mismatch
 */
export function replayTrade({
  pact,
  milestone = 0,
  logs,
}: {
  pact: Pact
  milestone?: number
  logs: readonly ChainLog[]
}): { state: EscrowState; settlement: Settlement | null } {
  const escrowId = escrowIdOfPact({ pact, milestone })
  const { contract, chainId } = pact.escrow
  const inOrder = logs
    .filter((log) => log.address.toLowerCase() === contract.toLowerCase())
    .sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex)
  let state: EscrowState | undefined
  let last = ''
  for (const {
    topics,
    data,
    timestamp,
    blockNumber,
    blockHash,
    logIndex,
    transactionHash,
  } of inOrder) {
    const place = { block: blockNumber, blockHash, logIndex, txHash: transactionHash }
    const log = decodeLog({ topics, data }, place, timestamp)
    const isOurs = log?.id === escrowId || (log?.name === 'Amended' && log.amendedId === escrowId)
    // The same log twice, as two nodes gave it, happened once.
    const key = `${blockNumber}/${logIndex}`
    if (!log || !isOurs || key === last) continue
    last = key
    state = reduceEscrow(state, log).state
  }
  if (state === undefined) throw new EarnestError('not_funded', 'No log funds this escrow')
  if (state.ending === null || state.ending.how === 'amended') return { state, settlement: null }
  const settlement = settlementOf(state, {
    pactId: fromBytes32(state.terms.pactHash),
    milestone,
    chainId,
    contract,
    buyer: pact.buyer.did,
    seller: pact.seller.did,
  })
  assertSplit(pact, settlement)
  return { state, settlement }
}

/** What was paid follows from the pact's fees and the share that was decided, to the base unit (W-14). */
function assertSplit(pact: Pact, settlement: Settlement): void {
  const { amountUsdc, sellerBps, sellerUsdc, buyerUsdc } = settlement
  const { protocolBps, arbitrationBps } = pact.escrow.fees
  const owed = splitOf({
    amount: amountUsdc,
    sellerBps,
    protocolFeeBps: protocolBps,
    arbitrationFeeBps: arbitrationBps,
    arbitrated: settlement.arbitrationFeeUsdc > 0n,
  })
  if (
    owed.seller !== sellerUsdc ||
    owed.buyer !== buyerUsdc ||
    owed.protocol !== settlement.protocolFeeUsdc ||
    owed.arbitration !== settlement.arbitrationFeeUsdc
  ) {
    throw new EarnestError('split_mismatch', 'The chain paid something else than the terms say')
  }
}
