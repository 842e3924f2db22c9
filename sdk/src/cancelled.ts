import type { Store } from './protocol/store.ts'

/** True once the oracle has taken this offer of ours back. */
export async function isCancelled(store: Store, pactId: string): Promise<boolean> {
  return (await store.get(keyOf(pactId))) !== undefined
}

/** Remembers it, for the pact itself is forgotten. */
export async function noteCancelled(store: Store, pactId: string): Promise<void> {
  await store.set(keyOf(pactId), true)
}

function keyOf(pactId: string): string {
  return `cancelled/${pactId}`
}
