import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { sign } from '#ed25519'
import { canonicalBytes } from './canonical.ts'
import { verifyBytes } from './signature.ts'

/** A document and the options of its proof, both in wire form and without the proof value. */
export interface Secured {
  document: Readonly<Record<string, unknown>>
  options: Readonly<Record<string, unknown>>
}

/** Signs a document with a Data Integrity proof (W3C vc-di-eddsa, eddsa-jcs-2022): 64 bytes. Throws `not_canonical`. */
export function signDocument({
  document,
  options,
  secretKey,
}: Secured & { secretKey: Uint8Array }) {
  return sign(hashData({ document, options }), secretKey)
}

/** True when the key signed this document with these options (eddsa-jcs-2022, strict). */
export function verifyDocument(
  secured: Secured & { signature: Uint8Array; publicKey: Uint8Array },
): boolean {
  const { signature, publicKey } = secured
  return verifyBytes({ signature, message: hashData(secured), publicKey })
}

// SHA-256 of the canonical options, then of the canonical document: 64 bytes without a prefix, so
// they cannot be taken for a statement of `signBody`, which begins with "earnest/v1/".
function hashData({ document, options }: Secured): Uint8Array {
  return concatBytes(sha256(canonicalBytes(options)), sha256(canonicalBytes(document)))
}
