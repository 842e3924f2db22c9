import type { AgreedPact } from './negotiation/respond.ts'
import type { Store } from './protocol/store.ts'

/** Seconds after the last moment of funding, or of delivery, at which a pact is forgotten. */
export const FORGET_AFTER = 3600

/** Forgets how a pact came about. */
export async function forget(store: Store, { signed, taskId }: AgreedPact): Promise<void> {
  const { buyer, nonce } = signed.pact
  await store.delete(`nonce/${buyer.did}/${nonce}`)
  await store.delete(`talk/${taskId}`)
}
