import { base64urlnopad } from '@scure/base'
import { sign, verify } from '#ed25519'
import { canonicalBytes } from './canonical.ts'
import { EarnestError } from './error.ts'

/** A flattened JWS without its payload (RFC 7515 appendix F): both parts base64url. */
export interface DetachedJws {
  protected: string
  signature: string
}

/**
 * Signs a payload as an EdDSA JWS (RFC 7515, RFC 8037); `alg` is set here. The signed text starts with
 * "eyJ", so it can never be taken for a statement of `signBody`. Throws `not_canonical`, `invalid_secret_key`.
 */
export function signJws(options: {
  header: Readonly<Record<string, unknown>>
  payload: Uint8Array
  secretKey: Uint8Array
}): DetachedJws {
  const { header, payload, secretKey } = options
  if (!(secretKey instanceof Uint8Array) || secretKey.length !== 32) {
    throw new EarnestError('invalid_secret_key', 'Want 32 bytes')
  }
  const protectedPart = base64urlnopad.encode(canonicalBytes({ ...header, alg: 'EdDSA' }))
  const signature = sign(signingInput(protectedPart, payload), secretKey)
  return { protected: protectedPart, signature: base64urlnopad.encode(signature) }
}

/**
 * The protected header of a JWS that the key signed over this payload, or undefined. Strict: EdDSA only,
 * no critical extensions, no key from the token itself (`jku`, `jwk`, `x5u` and `x5c` refuse).
 */
export function verifyJws(options: {
  protected: string
  signature: string
  payload: Uint8Array
  publicKey: Uint8Array
}): Readonly<Record<string, unknown>> | undefined {
  try {
    const header = jwsHeader(options.protected)
    if (header === undefined || header.alg !== 'EdDSA') return undefined
    for (const name of ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64']) {
      if (name in header) return undefined
    }
    const signature = base64urlnopad.decode(options.signature)
    const input = signingInput(options.protected, options.payload)
    return verify(signature, input, options.publicKey) ? header : undefined
  } catch {
    return undefined
  }
}

/** The protected header as it stands, unverified: only good to learn which key to ask for. */
export function jwsHeader(protectedPart: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      base64urlnopad.decode(protectedPart),
    )
    const header: unknown = JSON.parse(text)
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined
    return header as Record<string, unknown>
  } catch {
    return undefined
  }
}

function signingInput(protectedPart: string, payload: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`${protectedPart}.${base64urlnopad.encode(payload)}`)
}
