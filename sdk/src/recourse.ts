import { agreedBy } from './escrow/agreement.ts'
import type { EscrowClient, EscrowRef, ReadClient } from './escrow/client.ts'
import { readChainTime } from './escrow/readEscrow.ts'
import { readRecourse } from './escrow/recourse.ts'
import type { Grounds } from './objection.ts'
import { isEarnestError } from './protocol/error.ts'

/** What following a release at once needs. */
export interface PursuitOptions {
  wallet: EscrowClient
  witnesses: readonly ReadClient[]
  escrow: EscrowRef
  /** What the buyer has against the delivery, once it has looked at it. */
  grounds: Grounds | undefined
  /** True once the delivery was looked at. */
  isChecked: boolean
  /** Claims against the bond; false where nobody would hear it, so that only the stake would be lost. */
  claim(grounds: Grounds): Promise<boolean>
  /** Sees to it that the oracle has the claims whose hashes are on chain. */
  fileClaims(): Promise<void>
}

/**
 * What a buyer does about a seller that was paid at once, against its bond: claims within the review where
 * its own checks fail, and then waits for the arbiter. Every step is read from the chain, so that it can be
 * taken up again at any. Undefined while the delivery could not be looked at and may still be claimed.
 */
export async function pursue(
  options: PursuitOptions,
): Promise<'released' | 'claimed' | 'compensated' | undefined> {
  const { wallet, witnesses, escrow, grounds, isChecked } = options
  const clients = [wallet, ...witnesses]
  const { state, end } = await agreedBy(clients, (client) => readRecourse(client, escrow))
  if (state === 'slashed') return 'compensated'
  if (state === 'claimed') {
    await options.fileClaims()
    return 'claimed'
  }
  if (state !== 'reserved') return 'released'
  if (grounds === undefined) {
    const isOpen = !isChecked && (await readChainTime(wallet)) < end
    return isOpen ? undefined : 'released'
  }
  try {
    return (await options.claim(grounds)) ? 'claimed' : 'released'
  } catch (error) {
    if (isEarnestError(error, 'after_review')) return 'released'
    // A claim of ours was mined meanwhile, or the bond was freed: the next look says which.
    throw error
  }
}
