import { didFromPublicKey, publicKeyFromDid } from './did.ts'
import { type Secured, signDocument } from './integrity.ts'
import { type DetachedJws, signJws } from './jws.ts'
import { publicKeyOf, type Signature, type SignatureType, signBody } from './signature.ts'

/** An agent that can sign; the secret key stays inside the closure. */
export interface Identity {
  readonly did: string
  /** The key that signs now; equals the DID's key until the first rotation. */
  readonly publicKey: Uint8Array
  sign(statement: { type: SignatureType; body: unknown }): Signature
  /** An EdDSA JWS, for the agent card and the A2A bearer token (RFC 7515). */
  signJws(options: { header: Readonly<Record<string, unknown>>; payload: Uint8Array }): DetachedJws
  /** A Data Integrity signature of 64 bytes, for credentials (eddsa-jcs-2022). */
  signDocument(secured: Secured): Uint8Array
}

/**
 * An identity from a 32-byte Ed25519 secret key; `did` only after a rotation, when the first key
 * still names the agent. Throws `invalid_secret_key`, `invalid_did`.
 * @example
 * const identity = createIdentity({ secretKey: crypto.getRandomValues(new Uint8Array(32)) })
 */
export function createIdentity(options: { secretKey: Uint8Array; did?: string }): Identity {
  const secretKey = Uint8Array.from(options.secretKey)
  const publicKey = publicKeyOf(secretKey)
  if (options.did !== undefined) publicKeyFromDid(options.did)
  return {
    did: options.did ?? didFromPublicKey(publicKey),
    publicKey,
    sign: (statement) => signBody({ ...statement, secretKey }),
    signJws: (options) => signJws({ ...options, secretKey }),
    signDocument: (secured) => signDocument({ ...secured, secretKey }),
  }
}
