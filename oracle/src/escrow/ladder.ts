import { fromBytes32, type Ladder, unpackLadder } from '@earnest/sdk/protocol'
import type { EscrowState } from './state.ts'

/** The rungs of an escrow; null without a ladder or with one of another arbiter. */
export function ladderOf({ terms }: Pick<EscrowState, 'terms'>): Ladder | null {
  try {
    return unpackLadder(fromBytes32(terms.ladder))
  } catch {
    return null
  }
}
