import type { FundedPact } from './escrow/lock.ts'
import type { SignedPact } from './protocol/pact.ts'
import type { Papers } from './protocol/papers.ts'
import type { Attestation, Settlement } from './protocol/settlement.ts'
import type { TrustResponse } from './protocol/trust.ts'
import type { Deliverable } from './settlement/retrieve.ts'
import type { Verification } from './settlement/verify.ts'

/** Every paper of a trade; each can be checked by anybody, offline (DIS-20). */
export interface Receipts {
  /** The seller's card as it was proven. */
  card: Readonly<Record<string, unknown>>
  /** The oracles' signed answers; empty after a restart. */
  trust: readonly TrustResponse[]
  signed: SignedPact
  funding: FundedPact
  report: Verification['report']
  settlement: Settlement | undefined
  /** The oracle's portable record of the settlement, where it has written it already. */
  attestation: Attestation | undefined
}

/** How one milestone stands; a pact without milestones is one. */
export interface Stage {
  milestone: number
  escrowId: string
  /** Undefined where nothing was delivered, or nothing that can be fetched yet. */
  deliverable: Deliverable | undefined
  /** `claimed`: paid at once, and claimed back from the bond; `compensated`: the bond paid back. */
  settlementStatus:
    | 'released'
    | 'refunded'
    | 'resolved'
    | 'disputed'
    | 'claimed'
    | 'compensated'
    | 'pending'
  settlementTxHash: string | null
  /** Why a seller paid back, in its own words to the oracle; null where it gave none or none was asked for. */
  failure: Papers['failure']
  receipts: Receipts
}

/** How a trade stands when `hire` returns (SET-16): its last funded milestone, and all of them. */
export interface HireResult extends Stage {
  tradeId: string
  pactId: string
  stages: readonly Stage[]
}

/** True where nothing can come of a milestone any more: its escrow has ended, and no claim against a bond is open. */
export function isOver({ settlementStatus, receipts }: Stage): boolean {
  return receipts.settlement !== undefined && settlementStatus !== 'claimed'
}
