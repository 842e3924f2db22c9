import type { Clauses, EscrowState as StateName, Terms } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'

/** What attestors can say of a round; null before they did. */
export type Result = 'PASS' | 'PARTIAL' | 'FAIL' | null

/** The words of the chain's `Result`, in its order. */
export const results: readonly Result[] = [null, 'PASS', 'PARTIAL', 'FAIL']

/** How an escrow ended. */
export type Ending =
  | 'released'
  | 'refunded'
  | 'expired'
  | 'settled'
  | 'ruled'
  | 'concluded'
  | 'amended'

/** Everything the chain said of one escrow, folded from its logs and nothing else. */
export type EscrowState = {
  id: Hex
  terms: Terms
  clauses: Clauses
  state: StateName
  timerEnd: number
  fundedAt: number
  seq: number
  round: number
  result: Result
  noticed: boolean
  buyerDisputed: boolean
  sellerDisputed: boolean
  bonded: boolean
  proposed: boolean
  proposedBps: number
  artifactHash: Hex | null
  reportHash: Hex | null
  claimHash: Hex | null
  responseHash: Hex | null
  recordHash: Hex | null
  amendedId: Hex | null
  /** Ever disputed, by a party or by a partial or failed attestation. */
  contested: boolean
  deliveredAt: number | null
  funding: Place
  last: Place
  ending: {
    how: Ending
    sellerBps: number
    sellerAmount: bigint
    buyerAmount: bigint
    protocolFee: bigint
    arbitrationFee: bigint
    at: number
    place: Place
  } | null
}

/** Where in the chain something stands. */
export type Place = { block: number; blockHash: Hex; logIndex: number; txHash: Hex }
