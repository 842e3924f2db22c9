import { canonicalBytes } from '../protocol/canonical.ts'
import type { DetachedJws } from '../protocol/jws.ts'
import { jwsHeader, verifyJws } from '../protocol/jws.ts'
import { keyText } from '../protocol/keylog.ts'

/** What signs a card. */
interface CardSigner {
  readonly did: string
  readonly publicKey: Uint8Array
  signJws(options: { header: Readonly<Record<string, unknown>>; payload: Uint8Array }): DetachedJws
}

/**
 * The wire JSON with one more signature: a detached EdDSA JWS over its canonical form without
 * `signatures` (A2A 1.0 section 8.4, RFC 8785). `kid` is the agent's DID, `#` and the signing key.
 */
export function signCard<C extends object>(
  card: C,
  identity: CardSigner,
): C & { signatures: DetachedJws[] } {
  const header = { kid: `${identity.did}#${keyText(identity.publicKey)}`, typ: 'JOSE' }
  const { signatures = [], ...body } = card as C & { signatures?: DetachedJws[] }
  const signature = identity.signJws({ header, payload: canonicalBytes(body) })
  return { ...card, signatures: [...signatures, signature] }
}

/**
 * True when this DID signed this wire JSON with this key. The key comes from the caller (the DID or its
 * key log); a `jku` or a key inside the token is never looked at (W-11).
 */
export function isCardSignedBy(
  card: { readonly signatures?: readonly DetachedJws[] | undefined },
  { did, publicKey }: { did: string; publicKey: Uint8Array },
): boolean {
  const { signatures, ...body } = card
  const payload = canonicalBytes(body)
  return (signatures ?? []).some((entry) => {
    const kid = jwsHeader(entry.protected)?.kid
    if (typeof kid !== 'string' || kid.split('#', 1)[0] !== did) return false
    return verifyJws({ ...entry, payload, publicKey }) !== undefined
  })
}
