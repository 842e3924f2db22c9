import { hashBytes } from './protocol/hash.ts'
import type { SignedPact } from './protocol/pact.ts'
import type { RegisterPact } from './protocol/route.ts'

/**
 * What `registerPact` takes for a signed pact: the same for both parties, and once for all tries.
 * @param deposits The checkers and held-out data that the pact names by hash, in base64.
 */
export function registrationOf(
  { pact, pactHash, buyerSignature, sellerSignature }: SignedPact,
  deposits: readonly string[] = [],
): { body: RegisterPact } {
  return {
    body: {
      pactHash,
      buyerDid: pact.buyer.did,
      sellerDid: pact.seller.did,
      buyerSignature,
      sellerSignature,
      terms: pact,
      ...(deposits.length > 0 && { deposits: deposits.map(depositOf) }),
    },
  }
}

function depositOf(content: string) {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
  return { sha256: hashBytes(bytes), content }
}
