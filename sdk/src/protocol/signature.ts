import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import * as z from 'zod'
import { derive, sign, verify } from '#ed25519'
import { canonicalBytes } from './canonical.ts'
import { EarnestError } from './error.ts'

/** Every context in which an agent signs; a signature of one never verifies in another (W-2). */
export const SIGNATURE_TYPES = [
  'pact',
  'rejection',
  'message',
  'completion',
  'failure',
  'request',
  'wallet-binding',
  'key-entry',
  'heartbeat',
  'claim',
  'defence',
  'evidence',
  'grant',
  'read',
  'trust',
  'quote',
  'oracle',
  'report',
  'verdict',
  'settlement',
  'attestation',
  'event',
  'notice',
  'journal',
  'relay',
  'credential-status',
  'anchor',
] as const
export type SignatureType = (typeof SIGNATURE_TYPES)[number]

/** An Ed25519 signature on the wire: 128 lower-case hex characters. */
export const signature = z.string().regex(/^[0-9a-f]{128}$/, 'want 128 lower-case hex characters')
export type Signature = z.infer<typeof signature>

/** The signed bytes: "earnest/v1/<type>", a zero byte, SHA-256 of the canonical body (W-2). */
export function signingBytes({ type, body }: { type: SignatureType; body: unknown }): Uint8Array {
  if (!SIGNATURE_TYPES.includes(type)) {
    throw new EarnestError('unknown_signature_type', `No signature type ${type}`)
  }
  const prefix = new TextEncoder().encode(`earnest/v1/${type}\0`)
  return concatBytes(prefix, sha256(canonicalBytes(body)))
}

/**
 * Signs a wire body in its context; the hash is computed here, a bare hash cannot be signed (W-10).
 * Throws `not_canonical`, `invalid_secret_key`, `bare_hash_refused`.
 */
export function signBody(options: {
  type: SignatureType
  body: unknown
  secretKey: Uint8Array
}): Signature {
  const { type, body, secretKey } = options
  assertBody(body)
  if (!(secretKey instanceof Uint8Array) || secretKey.length !== 32) {
    throw new EarnestError('invalid_secret_key', 'Want 32 bytes')
  }
  return bytesToHex(sign(signingBytes({ type, body }), secretKey))
}

/** True when the key signed this body in this context (RFC 8032, strict; never throws on a bad signature). */
export function verifyBody(options: {
  type: SignatureType
  body: unknown
  signature: string
  publicKey: Uint8Array
}): boolean {
  const { type, body, publicKey } = options
  if (!/^[0-9a-f]{128}$/.test(options.signature)) return false
  try {
    assertBody(body)
    const message = signingBytes({ type, body })
    return verifyBytes({ signature: hexToBytes(options.signature), message, publicKey })
  } catch {
    return false
  }
}

/** Strict Ed25519 over raw bytes (RFC 8032), for foreign formats such as W3C credentials; never throws. */
export function verifyBytes(options: {
  signature: Uint8Array
  message: Uint8Array
  publicKey: Uint8Array
}): boolean {
  try {
    return verify(options.signature, options.message, options.publicKey)
  } catch {
    return false
  }
}

/** The Ed25519 public key of a 32-byte secret key. Throws `invalid_secret_key`. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  if (!(secretKey instanceof Uint8Array) || secretKey.length !== 32) {
    throw new EarnestError('invalid_secret_key', 'Want 32 bytes')
  }
  return derive(secretKey)
}

function assertBody(body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new EarnestError('bare_hash_refused', 'Only a whole body can be signed')
  }
}
