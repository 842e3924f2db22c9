import type { Hex } from 'viem'
import { fromBytes32 } from '../protocol/hash.ts'
import type { Pact } from '../protocol/pact.ts'
import type { EscrowState } from '../protocol/status.ts'
import { agreedBy } from './agreement.ts'
import { type EscrowRef, escrowOfPact, type ReadClient } from './client.ts'
import { finalAt } from './finality.ts'
import { type At, readEscrow } from './readEscrow.ts'

/** Where a lock stands, in the words of the source document and exactly as the chain has it (ESC-12). */
export interface Lock {
  escrow: EscrowRef
  escrowId: Hex
  /** `locked` only for a funded escrow that a reorganisation can no longer undo. */
  status:
    | 'none'
    | 'pending'
    | 'locked'
    | 'delivered'
    | 'disputed'
    | 'released'
    | 'refunded'
    | 'resolved'
    | 'amended'
  state: EscrowState
  /** The pact hash that the escrow is bound to, 64 hex characters. */
  conditionHash: string
  /** Base units; an escrow of this id cannot hold any other amount (W-5). */
  amount: bigint
  /** Unix seconds; 0 while unfunded. */
  fundedAt: number
}

const WORDS: Record<EscrowState, Lock['status']> = {
  None: 'none',
  Funded: 'locked',
  Delivered: 'delivered',
  Disputed: 'disputed',
  Negotiating: 'disputed',
  Arbitration: 'disputed',
  Completed: 'released',
  Refunded: 'refunded',
  Resolved: 'resolved',
  Amended: 'amended',
}

/**
 * Reads from the chain whether exactly these terms are funded. The id is derived from the pact, so an
 * escrow with other terms, another amount or another arbiter is another id and reads as `none`.
 * Throws `wrong_chain`, `chain_unreachable` (retryable).
 */
export async function verifyLock(
  client: ReadClient,
  { pact, milestone = 0 }: { pact: Pact; milestone?: number },
): Promise<Lock> {
  const escrow = escrowOfPact({ pact, milestone })
  // Asked together: mostly it is funded, and the second question has to name a block.
  const asking = finalAt(client, escrow.terms.amount)
  asking.catch(() => {})
  const latest = await readEscrow(client, escrow)
  const status =
    latest.state === 'Funded' ? await settledStatus(client, escrow, asking) : WORDS[latest.state]
  return {
    escrow,
    escrowId: escrow.escrowId,
    status,
    state: latest.state,
    conditionHash: fromBytes32(escrow.terms.pactHash),
    amount: escrow.terms.amount,
    fundedAt: latest.fundedAt,
  }
}

/**
 * The lock as several RPCs see it: it counts only where all agree. Throws `rpc_disagreement` (retryable,
 * for one may lag behind), `no_rpc`, and what `verifyLock` throws.
 */
export async function verifyLockOnAll(
  clients: readonly ReadClient[],
  parameters: { pact: Pact; milestone?: number },
): Promise<Lock> {
  return await agreedBy(clients, (client) => verifyLock(client, parameters))
}

async function settledStatus(
  client: ReadClient,
  escrow: EscrowRef,
  at: Promise<At>,
): Promise<Lock['status']> {
  const settled = await readEscrow(client, escrow, await at)
  return settled.state === 'Funded' ? 'locked' : 'pending'
}
