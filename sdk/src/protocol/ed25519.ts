import { getPublicKey, hashes, Point, sign as signPure, verify as verifyPure } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'

hashes.sha512 = sha512

export { Point }

/**
 * Ed25519 in plain JavaScript, as it runs in a browser: the reference of what counts as a signature. Where
 * the platform brings its own (`#ed25519` of package.json), the same signatures count, only faster.
 */

/** The 64 bytes by which the key signs this message (RFC 8032). */
export function sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return signPure(message, secretKey)
}

/** Strict: one encoding for each point and scalar, no key of small order. Throws on wrong lengths. */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  // zip215 would accept several encodings of one signature.
  return verifyPure(signature, message, publicKey, { zip215: false })
}

/** The public key of a 32-byte secret key. */
export function derive(secretKey: Uint8Array): Uint8Array {
  return getPublicKey(secretKey)
}
