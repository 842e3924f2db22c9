import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as z from 'zod'
import { canonicalBytes } from './canonical.ts'
import { EarnestError } from './error.ts'

const PATTERN = /^[0-9a-f]{64}$/

/** A SHA-256 on the wire: 64 lower-case hex characters without 0x (API-10). */
export const hash = z.string().regex(PATTERN, 'want 64 lower-case hex characters')
export type Hash = z.infer<typeof hash>

/** SHA-256 of the canonical form of a wire body, as 64 lower-case hex characters (W-1). */
export function hashBody(body: unknown): Hash {
  return bytesToHex(sha256(canonicalBytes(body)))
}

/** SHA-256 of raw bytes, as 64 lower-case hex characters. */
export function hashBytes(bytes: Uint8Array): Hash {
  return bytesToHex(sha256(bytes))
}

/** Reads a hash as people write it: optional 0x, any case. Throws `invalid_hash`. */
export function parseHash(text: string): Hash {
  const bare = text.replace(/^0x/i, '').toLowerCase()
  if (!PATTERN.test(bare)) throw new EarnestError('invalid_hash', 'Want 32 bytes in hex')
  return bare
}

/** The hash as Solidity's bytes32. Throws `invalid_hash`. */
export function toBytes32(text: string): `0x${string}` {
  return `0x${parseHash(text)}`
}

/** The hash out of Solidity's bytes32. Throws `invalid_hash`. */
export function fromBytes32(word: string): Hash {
  return parseHash(word)
}
