import { hasBegun, noteCancelled } from './cancelled.ts'
import { escrowOfPact } from './escrow/client.ts'
import { FORGET_AFTER, forget } from './forget.ts'
import { CANCELLED } from './gate.ts'
import type { Negotiator } from './negotiation/respond.ts'
import type { Clock } from './protocol/clock.ts'
import { milestoneOf } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import type { Work } from './work.ts'

/**
 * Looks at every agreed pact: takes up what was begun and stopped, begins where the chain shows the money,
 * forgets where it can no longer come. No message and no oracle's event is needed for that (ESC-07). What
 * could not be asked is asked again: only an answer of the chain, or the end of all time to deliver, makes
 * a pact forgotten.
 */
export async function sweep({
  store,
  negotiator,
  work,
  clock,
  begun,
}: {
  store: Store
  negotiator: Negotiator
  work: Work
  clock: Clock
  /** Pacts whose every milestone was begun, kept from look to look: nothing is left to look for. */
  begun: Set<string>
}): Promise<void> {
  await work.resume()
  for (const key of await store.keys('pact/')) {
    const pactId = key.slice('pact/'.length)
    if (begun.has(pactId)) continue
    const agreed = await negotiator.agreed(pactId)
    if (agreed === undefined) continue
    const { pact } = agreed.signed
    const count = pact.milestones?.length ?? 1
    let isOpen = false
    let known = 0
    for (let milestone = 0; milestone < count; milestone++) {
      const { fundBy, deadlineUtc } = milestoneOf(pact, milestone)
      const escrowId = escrowOfPact({ pact, milestone }).escrowId as `0x${string}`
      if (await work.knows(escrowId)) {
        // The papers of a trade are kept for its disputes.
        isOpen = true
        known++
        continue
      }
      if (work.running().includes(escrowId)) {
        // What a message has at the gate may be refused there: begun is what is on record.
        isOpen = true
        continue
      }
      const message = { taskType: pact.capability, escrowId, pactId, milestone }
      const admission = await work.admit(message)
      if ('pact' in admission) void work.begin(message).catch(() => {})
      else if ('reasonCode' in admission.refusal && admission.refusal.reasonCode === CANCELLED) {
        // No oracle's word has us pay back what we work on, or forget what a dispute about it needs.
        if (await hasBegun(work, pact)) isOpen = true
        // The oracle knows of it and we do not, for the process died in between: the money goes back all the same.
        else await noteCancelled(store, pactId, agreed)
      }
      const why = 'pact' in admission ? 'begun' : admission.why
      const now = clock.now()
      const isOver =
        why === 'never' ||
        (why === 'unfunded' && now >= fundBy + FORGET_AFTER) ||
        (why === 'unknown' && now >= deadlineUtc + FORGET_AFTER)
      if (!isOver) isOpen = true
    }
    if (known === count) begun.add(pactId)
    if (isOpen) continue
    await store.delete(key)
    await forget(store, agreed)
  }
}
