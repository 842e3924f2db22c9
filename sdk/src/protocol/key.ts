import { publicKeyFromDid } from './did.ts'

/** The key that may sign for an agent at a time (unix seconds). Throws `key_not_valid`, `key_log_frozen`. */
export type KeyResolver = (did: string, at: number) => Uint8Array

/** The key inside the DID: right for every agent that has never rotated. */
export function ownKey(did: string): Uint8Array {
  return publicKeyFromDid(did)
}
