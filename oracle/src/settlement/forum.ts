import type { Address } from 'viem'
import { type Recourse, readRecourse } from '../escrow/recourse.ts'
import type { EscrowState } from '../escrow/state.ts'
import type { Db, Tx } from '../store/store.ts'

/**
 * Where a case stands before an arbiter: in the escrow's own arbitration or, after a release at once, as
 * a claim in the vault. As the arbiter's contract has it (`PactArbiter._forumOf`).
 */
export type Forum = {
  recourse: Recourse | undefined
  arbiter: Address
  /** A party staked on it, so that the fee is due whatever is decided. */
  disputed: boolean
  /** Unix seconds from which the limits of the rungs run, and until which it can be decided. */
  open: { start: number; end: number } | null
}

/** The forum of an escrow; `open` is null where nothing waits for a decision. */
export function forumOf(state: EscrowState, recourse: Recourse | undefined): Forum {
  const { arbitrationWindow } = state.clauses
  const lasting = (end: number) => ({ start: end - arbitrationWindow, end })
  if (!recourse) {
    return {
      recourse,
      arbiter: state.terms.arbiter,
      disputed: state.buyerDisputed || state.sellerDisputed,
      open: state.state === 'Arbitration' ? lasting(state.timerEnd) : null,
    }
  }
  const open = recourse.state === 'claimed' ? lasting(recourse.end) : null
  return { recourse, arbiter: recourse.arbiter, disputed: true, open }
}

/** As `forumOf`, with what the store has of the vault. */
export async function readForum(db: Db | Tx, state: EscrowState): Promise<Forum> {
  return forumOf(state, await readRecourse(db, state.id))
}
