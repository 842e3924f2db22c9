import { type EscrowClient, escrowOfPact, type Relay } from './escrow/client.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { refund } from './escrow/refund.ts'
import { FORGET_AFTER, forget } from './forget.ts'
import { type AgreedPact, agreedPactSchema, type Negotiator } from './negotiation/respond.ts'
import type { Clock } from './protocol/clock.ts'
import { decode, encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { milestoneOf, type Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import type { OracleClient } from './trust/oracle.ts'

/** Whose offer it is. */
interface CancelOptions {
  store: Store
  oracle: OracleClient
  negotiator: Negotiator
  work: Begun
}

/** What tells whether work has begun. */
export interface Begun {
  /** True once the work of this escrow was begun, by whatever process. */
  knows(escrowId: string): Promise<boolean>
  /** Escrows whose work is under way, and those that a message has at the gate in this instant. */
  running(): string[]
}

/** True once the oracle has taken this offer of ours back. */
export async function isCancelled(store: Store, pactId: string): Promise<boolean> {
  return (await store.get(keyOf(pactId))) !== undefined
}

/**
 * Remembers it for ever, and the pact as long as money can still come for it: what the buyer sent in the same
 * instant is on chain all the same.
 */
export async function noteCancelled(
  store: Store,
  pactId: string,
  agreed: AgreedPact | undefined,
): Promise<void> {
  if (agreed !== undefined) {
    await store.set(watchOf(pactId), encode(agreedPactSchema, agreed, 'store_corrupt'))
  }
  await store.set(keyOf(pactId), true)
  await store.delete(`pact/${pactId}`)
}

/**
 * True where the work for any part of a pact has begun, or may begin in this instant: no offer any more that
 * could be taken back.
 */
export async function hasBegun(work: Begun, pact: Pact): Promise<boolean> {
  for (let milestone = 0; milestone < (pact.milestones?.length ?? 1); milestone++) {
    const { escrowId } = escrowOfPact({ pact, milestone })
    if (work.running().includes(escrowId) || (await work.knows(escrowId))) return true
  }
  return false
}

/**
 * Takes back an offer that nobody has funded, and works on it no more. What was taken back stays so. Throws
 * `already_funded`, `pact_unknown`.
 */
export async function cancelOffer(
  { store, oracle, negotiator, work }: CancelOptions,
  { pactId, reason }: { pactId: string; reason: string },
): Promise<void> {
  if (await isCancelled(store, pactId)) return
  const agreed = await negotiator.agreed(pactId)
  // Seen by us sooner than by the oracle.
  if (agreed !== undefined && (await hasBegun(work, agreed.signed.pact))) {
    throw new EarnestError('already_funded', 'The work for this pact has begun')
  }
  await oracle.call('cancelPact', { params: { pactId }, body: { reason } })
  await noteCancelled(store, pactId, agreed)
}

/** Gives back what came for cancelled pacts, and forgets those for which nothing can come any more. */
export async function refundCancelled({
  store,
  client,
  relay,
  clock,
  onRefund,
}: {
  store: Store
  client: EscrowClient
  relay: Relay
  clock: Clock
  onRefund(escrowId: string): void
}): Promise<void> {
  for (const key of await store.keys(WATCH)) {
    const wire = await store.get(key)
    // Another process of ours has just forgotten it.
    if (wire === undefined) continue
    const agreed = decode(agreedPactSchema, wire, 'store_corrupt')
    const { pact } = agreed.signed
    const count = pact.milestones?.length ?? 1
    let isOpen = false
    for (let milestone = 0; milestone < count; milestone++) {
      const escrow = escrowOfPact({ pact, milestone })
      // A refund that a reorg undoes is done again: nothing is over before the money cannot come.
      if (clock.now() < milestoneOf(pact, milestone).fundBy + FORGET_AFTER) isOpen = true
      try {
        if ((await readEscrow(client, escrow)).state !== 'Funded') continue
        isOpen = true
        await refund(client, { escrow, relay })
        onRefund(escrow.escrowId)
      } catch (error) {
        // One that could not be asked about, or was not refunded yet, is looked at again.
        if (!isEarnestError(error)) throw error
        isOpen = true
      }
    }
    if (isOpen) continue
    await forget(store, agreed)
    await store.delete(key)
  }
}

const WATCH = 'cancelled-pact/'

function watchOf(pactId: string): string {
  return `${WATCH}${pactId}`
}

function keyOf(pactId: string): string {
  return `cancelled/${pactId}`
}
