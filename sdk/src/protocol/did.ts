import { base58 } from '@scure/base'
import * as z from 'zod'
import { Point } from './ed25519.ts'
import { EarnestError } from './error.ts'

const PREFIX = 'did:key:z'
const ED25519_PUB = [0xed, 0x01] as const

/** Names that were read before: whether bytes are a point of the curve costs more than a signature. */
const known = new Map<string, Uint8Array>()
const MAX_KNOWN = 4_096

/** The did:key of an Ed25519 public key of 32 bytes. Throws `invalid_did`. */
export function didFromPublicKey(publicKey: Uint8Array): string {
  assertKey(publicKey)
  return PREFIX + base58.encode(Uint8Array.from([...ED25519_PUB, ...publicKey]))
}

/** The 32-byte Ed25519 public key of a did:key. Throws `invalid_did` for other methods, key types and small-order keys. */
export function publicKeyFromDid(did: string): Uint8Array {
  const before = known.get(did)
  if (before !== undefined) return before.slice()
  if (!/^did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(did)) refuseDid('want did:key:z6Mk...')
  const bytes = base58.decode(did.slice(PREFIX.length))
  if (bytes.length !== 34 || bytes[0] !== ED25519_PUB[0] || bytes[1] !== ED25519_PUB[1]) {
    refuseDid('want a 32-byte Ed25519 key')
  }
  const publicKey = bytes.slice(2)
  assertKey(publicKey)
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(did, publicKey.slice())
  return publicKey
}

/** An agent's identifier: the did:key of its first Ed25519 key. */
export const did = z.string().refine(isDid, 'want the did:key of an Ed25519 key')
export type Did = z.infer<typeof did>

function isDid(text: string): boolean {
  try {
    publicKeyFromDid(text)
    return true
  } catch {
    return false
  }
}

// A small-order or non-canonical point would verify signatures that nobody made.
function assertKey(publicKey: Uint8Array): void {
  if (publicKey.length !== 32) refuseDid('want 32 bytes')
  let point: Point
  try {
    point = Point.fromBytes(publicKey, false)
  } catch (cause) {
    throw new EarnestError('invalid_did', 'Not a point of the curve', { cause })
  }
  if (point.isSmallOrder()) refuseDid('a key of small order')
}

function refuseDid(message: string): never {
  throw new EarnestError('invalid_did', message)
}
