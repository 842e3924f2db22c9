import type { Agent } from './discovery/discover.ts'
import type { FundedPact } from './escrow/lock.ts'
import type { Unheard } from './hearing.ts'
import type { Pact } from './protocol/pact.ts'
import type { Settlement } from './protocol/settlement.ts'
import type { Verification } from './settlement/verify.ts'
import type { Assessment } from './trust/assess.ts'

/** One line per layer, with ids and true amounts (API-17). */
export type Progress =
  | { step: 'discovered'; agent: Agent }
  | { step: 'assessed'; assessment: Assessment }
  | { step: 'drafted'; tradeId: string; pact: Pact }
  | { step: 'countered'; round: number; reasonCode: string }
  | { step: 'agreed'; tradeId: string; pactId: string; amountUsdc: bigint }
  | { step: 'registered'; pactId: string }
  | { step: 'funded'; funded: FundedPact }
  | { step: 'dispatched'; escrowId: string; status: string }
  | { step: 'delivered'; escrowId: string; artifactHash: string; result: string }
  | { step: 'verified'; escrowId: string; verification: Verification; decision: string }
  | { step: 'disputed'; escrowId: string; claimHash: string }
  | { step: 'claimed'; escrowId: string; claimHash: string }
  /** The work fails the buyer's own checks, and a claim against the bond would only lose its stake. */
  | { step: 'not_claimed'; escrowId: string; reason: Unheard }
  | { step: 'settled'; settlement: Settlement }
  | { step: 'waiting'; escrowId: string; state: string; reason: string }
